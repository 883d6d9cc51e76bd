/** Writes the reports in actions/scan/fixtures with real Trivy: `node --no-maglev test/components/trivy-fixtures.ts`. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { goTool } from "./go-tool.ts";
import { type Advisory, trivyDatabase } from "./trivy-database.ts";
import { debianFiles, npmFiles, type SmallLayer, sbomText, smallImage } from "./trivy-image.ts";

const run = promisify(execFile);
const fixtures = join(import.meta.dirname, "../../actions/scan/fixtures");

const advisories: Advisory[] = [
  { id: "CVE-2026-1001", ecosystem: "npm", package: "left-pad", severity: "CRITICAL", fixed: "1.3.1" },
  { id: "CVE-2026-1002", ecosystem: "npm", package: "bundled-thing", severity: "HIGH", fixed: "2.0.1" },
  {
    id: "CVE-2026-1003",
    ecosystem: "debian 12",
    package: "libssl3",
    severity: "CRITICAL",
    fixed: "3.0.15-1",
  },
  { id: "CVE-2026-1004", ecosystem: "debian 12", package: "libssl3", severity: "MEDIUM" },
];

const server = { files: { "app/server/server.cdx.json": sbomText({ "bundled-thing": "2.0.0" }) } };
const old = {
  ...debianFiles({ libc6: "2.19-18" }),
  "etc/debian_version": "8.11\n",
  "etc/os-release": "ID=debian\n",
};

const images: Record<string, readonly SmallLayer[]> = {
  vulnerable: [
    { files: { ...debianFiles({ libssl3: "3.0.14-1" }), ...npmFiles("left-pad", "1.3.0") } },
    server,
  ],
  clean: [{ files: debianFiles({ libc6: "2.36-9" }) }],
  "end-of-life": [{ files: old }],
  empty: [{ files: { "hello.txt": "hello" } }],
};

const work = await mkdtemp(join(tmpdir(), "trivy-fixtures-"));
try {
  const trivy = await goTool("trivy");
  await trivyDatabase(join(work, "cache"), advisories);
  await mkdir(fixtures, { recursive: true });
  for (const [name, layers] of Object.entries(images)) {
    const { platforms } = await smallImage(join(work, name), [{ architecture: "amd64", layers }]);
    const args = [
      "image",
      "--format",
      "json",
      "--output",
      join(fixtures, `${name}.json`),
      "--scanners",
      "vuln",
    ];
    const offline = [
      "--cache-dir",
      "cache",
      "--cache-backend",
      "memory",
      "--skip-db-update",
      "--offline-scan",
    ];
    // A path relative to its folder: the report names what it was given.
    await run(trivy, [...args, ...offline, "--disable-telemetry", "--skip-version-check", "--input", name], {
      cwd: work,
    });
    console.log(name, platforms);
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
