/** scan with real Trivy, on images in a registry and in layouts, with a database of our own. */
import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readVulnerabilities } from "@ml-actions/evidence/vulnerabilities";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";
import { goTool } from "../components/go-tool.ts";
import { databaseMetadata, trivyDatabase } from "../components/trivy-database.ts";
import { debianFiles, npmFiles, type SmallImage, sbomText, smallImage } from "../components/trivy-image.ts";
import { pushLayout, removeScratch, type Scanned, scanIn, scratch, sourceTree } from "./scan-room.ts";

const hourMs = 3_600_000;
const server = (packages: Record<string, string>) => ({
  files: { "app/server/server.js": "0", "app/server/server.cdx.json": sbomText(packages) },
  annotations: { "io.github.ml-actions.layer": "server" },
});
const clean = { libssl3: "3.0.15-1", libc6: "2.36-9" };

let tree: string;
let trivy: string;
let cache: string;
let registry: RunningRegistry;
let good: string;
let goodImage: SmallImage;
let bad: string;
let badImage: SmallImage;

beforeAll(async () => {
  [tree, trivy, cache, registry] = await Promise.all([
    sourceTree(),
    goTool("trivy"),
    scratch("trivy-cache"),
    startRegistry(),
  ]);
  await trivyDatabase(
    cache,
    [
      { id: "CVE-2026-1001", ecosystem: "npm", package: "left-pad", severity: "CRITICAL", fixed: "1.3.1" },
      {
        id: "CVE-2026-1002",
        ecosystem: "npm",
        package: "bundled-thing",
        severity: "CRITICAL",
        fixed: "2.0.1",
      },
      {
        id: "CVE-2026-1003",
        ecosystem: "debian 12",
        package: "libssl3",
        severity: "CRITICAL",
        fixed: "3.0.15-1",
      },
      { id: "CVE-2026-1004", ecosystem: "debian 12", package: "libssl3", severity: "HIGH" },
      {
        id: "CVE-2026-1005",
        ecosystem: "npm",
        package: "left-pad",
        severity: "CRITICAL",
        fixed: "1.3.2",
        title: "\n::error::owned | <img src=x> [a](javascript:0)",
      },
      { id: "CVE-2026-1006", ecosystem: "npm", package: "nobody-fixed", severity: "CRITICAL" },
    ],
    Date.now() - 2 * hourMs,
  );
  [good, bad] = await Promise.all([scratch("layout"), scratch("layout")]);
  const debian = { files: debianFiles(clean) };
  goodImage = await smallImage(good, [
    { architecture: "amd64", layers: [debian, server({ "bundled-thing": "2.0.1", "@scope/ok": "1.0.0" })] },
    { architecture: "arm64", layers: [debian, server({ "bundled-thing": "2.0.1", "@scope/ok": "1.0.0" })] },
  ]);
  const files = { ...debianFiles({ libssl3: "3.0.14-1" }), ...npmFiles("left-pad", "1.3.0") };
  badImage = await smallImage(bad, [
    { architecture: "amd64", layers: [{ files }, server({ "bundled-thing": "2.0.0" })] },
    { architecture: "arm64", layers: [debian, server({ "bundled-thing": "2.0.0" })] },
  ]);
  await pushLayout(good, `${registry.host}/good:1`);
  await pushLayout(bad, `${registry.host}/bad:1`);
});
afterAll(() => Promise.all([registry.stop(), removeScratch()]));

const scan = (image: string, inputs: Record<string, string> = {}, env: Record<string, string> = {}) =>
  scanIn(tree, { image, scanner: trivy, "cache-dir": cache, ...inputs }, env);
const layoutOf = (directory: string, { digest }: SmallImage) => `oci:${directory}@${digest}`;
const evidenceOf = ({ outputs }: Scanned) =>
  readVulnerabilities(readFileSync(outputs.evidence as string, "utf8"), "evidence");
const riskFile = async (text: string) => {
  const path = join(await scratch("risks"), "risks.yaml");
  await writeFile(path, text);
  return path;
};

describe("an image without known vulnerabilities", () => {
  it("passes from a layout, every platform looked at, with evidence about its digest", async () => {
    const done = await scan(layoutOf(good, goodImage), {
      severity: "CRITICAL, HIGH",
      "ignore-unfixed": "true",
    });
    expect(done).toMatchObject({ exitCode: 0, refused: [], errors: [], streamsLeftOpen: false });
    expect(done.outputs).toMatchObject({ verdict: "pass", passed: "true" });
    expect(JSON.parse(done.outputs.counts ?? "")).toEqual({
      CRITICAL: 0,
      HIGH: 1,
      MEDIUM: 0,
      LOW: 0,
      UNKNOWN: 0,
    });
    const evidence = evidenceOf(done);
    expect(evidence.subjects).toEqual([{ name: `oci:${good}`, digest: goodImage.digest }]);
    expect(evidence).toMatchObject({ verdict: "pass", scanner: { version: "0.69.3" }, doubts: [] });
    expect(evidence.platforms).toEqual([
      { platform: "linux/amd64", digest: goodImage.platforms["linux/amd64"], os: "debian 12.8", packages: 4 },
      { platform: "linux/arm64", digest: goodImage.platforms["linux/arm64"], os: "debian 12.8", packages: 4 },
    ]);
    expect(Date.now() - evidence.scanner.database.updatedAt).toBeGreaterThan(2 * hourMs - 1000);
    expect(JSON.parse(await readFile(done.outputs.sarif as string, "utf8"))).toMatchObject({
      version: "2.1.0",
    });
  });

  it("passes from a registry, and leaves nothing behind", async () => {
    const done = await scan(`${registry.host}/good@${goodImage.digest}`);
    expect(done).toMatchObject({ exitCode: 0, outputs: { verdict: "pass" } });
    expect((await readdir(done.job.temp)).filter((name) => name.startsWith("ml-actions-scan"))).toEqual([]);
  });
});

describe("an image with vulnerabilities", () => {
  it("fails with one line an upgrade, hostile titles shown as text", async () => {
    const done = await scan(`${registry.host}/bad@${badImage.digest}`);
    expect(done).toMatchObject({ exitCode: 1, refused: [], outputs: { verdict: "fail", passed: "false" } });
    expect(done.errors.toSorted()).toEqual([
      "Upgrade bundled-thing 2.0.0 → 2.0.1 in layer 2 of 2 (server) (linux/amd64, linux/arm64): CVE-2026-1002",
      "Upgrade left-pad 1.3.0 → 1.3.2 in /app/node_modules/left-pad/package.json (linux/amd64): CVE-2026-1001, CVE-2026-1005",
      "Upgrade libssl3 3.0.14-1 → 3.0.15-1 in layer 1 of 2 (linux/amd64): CVE-2026-1003",
    ]);
    expect(done.summary).toContain("`left-pad`<br>`1.3.0` → `1.3.2`");
    expect(done.summary).not.toMatch(/<img|\]\(javascript|^::error::owned/m);
    const evidence = evidenceOf(done);
    expect(evidence.verdict).toBe("fail");
    expect(evidence.findings.map(({ id, platforms }) => `${id} ${platforms.join()}`)).toEqual([
      "CVE-2026-1002 linux/amd64,linux/arm64",
      "CVE-2026-1001 linux/amd64",
      "CVE-2026-1005 linux/amd64",
      "CVE-2026-1003 linux/amd64",
      "CVE-2026-1004 linux/amd64",
      "CVE-2026-1004 linux/arm64",
    ]);
    const sarif = await readFile(done.outputs.sarif as string, "utf8");
    expect(sarif.match(/"ruleId": "CVE-2026-1002"/g)).toHaveLength(1);
  });

  it("passes when every one is accepted, with reason and day, and says which acceptance is of no use", async () => {
    const day = new Date(Date.now() + 24 * hourMs).toISOString().slice(0, 10);
    const entry = (id: string, more = "") =>
      `- id: ${id}\n  reason: not reachable | here\n  expires: ${day}\n${more}`;
    const risks = await riskFile(
      ["CVE-2026-1001", "CVE-2026-1002", "CVE-2026-1005", "CVE-1999-0001"].map((id) => entry(id)).join("") +
        entry("CVE-2026-1003", "  package: libssl3\n"),
    );
    const done = await scan(layoutOf(bad, badImage), { "ignore-file": risks });
    expect(done).toMatchObject({ exitCode: 0, outputs: { verdict: "pass" } });
    expect(done.summary).toContain("not reachable &#124; here");
    expect(done.annotations.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      `notice: The accepted risk CVE-1999-0001 (until ${day}) is about nothing that was found: remove it`,
    ]);
    expect(evidenceOf(done).policy.ignored.map(({ id, reason, expires }) => [id, reason, expires])).toEqual(
      ["CVE-2026-1001", "CVE-2026-1002", "CVE-2026-1005", "CVE-2026-1003"].map((id) => [
        id,
        "not reachable | here",
        day,
      ]),
    );
    expect(await readFile(done.outputs.sarif as string, "utf8")).not.toContain("CVE-2026-1001");
  });

  it("fails of an acceptance that has expired, before anything is scanned", async () => {
    const risks = await riskFile("- id: CVE-2026-1001\n  reason: for the fair\n  expires: 2026-01-31\n");
    const done = await scan(layoutOf(bad, badImage), { "ignore-file": risks, scanner: "/nowhere/trivy" });
    expect(done).toMatchObject({ exitCode: 1, outputs: { verdict: "inconclusive", passed: "false" } });
    expect(done.errors.join()).toMatch(/have expired: CVE-2026-1001 \(until 2026-01-31: for the fair\)/);
  });

  it("fails of what nobody has a fix for, unless that is let through", async () => {
    const layout = await scratch("layout");
    const files = { ...debianFiles(clean), ...npmFiles("nobody-fixed", "1.0.0") };
    const image = layoutOf(
      layout,
      await smallImage(layout, [{ architecture: "amd64", layers: [{ files }] }]),
    );
    const strict = await scan(image);
    expect(strict.outputs.verdict).toBe("fail");
    expect(strict.errors).toEqual([
      "No fix yet for nobody-fixed 1.0.0 in /app/node_modules/nobody-fixed/package.json (linux/amd64): CVE-2026-1006",
    ]);
    expect((await scan(image, { "ignore-unfixed": "true" })).outputs.verdict).toBe("pass");
  });
});

describe("the database", () => {
  it.each<[string, number, number, RegExp]>([
    ["that is stale", 49, 2, /database is 49\sh old .*`max-db-age` allows 48\sh/],
    ["from the future", -2, 2, /yet to come/],
    ["of another schema", 1, 3, /has schema 3; this scanner reads 2/],
  ])("%s is no basis", async (_name, ageHours, version, message) => {
    const old = await scratch("trivy-cache");
    await trivyDatabase(old, []);
    await databaseMetadata(old, Date.now() - ageHours * hourMs, version);
    const done = await scan(layoutOf(good, goodImage), { "cache-dir": old });
    expect(done).toMatchObject({ exitCode: 1, outputs: { verdict: "inconclusive" } });
    expect(done.errors.join()).toMatch(message);
    expect(done.outputs.evidence).toBeUndefined();
  });

  it("that is missing is no basis", async () => {
    const done = await scan(layoutOf(good, goodImage), { "cache-dir": await scratch("trivy-cache") });
    expect(done.exitCode).toBe(1);
    expect(done.errors.join()).toMatch(/there is no vulnerability database in/);
  });
});

describe("what finding nothing would not prove", () => {
  const one = async (files: Record<string, string>) => {
    const layout = await scratch("layout");
    return layoutOf(layout, await smallImage(layout, [{ architecture: "amd64", layers: [{ files }] }]));
  };

  it("a system at its end of life is inconclusive", async () => {
    const files: Record<string, string> = { ...debianFiles(clean), "etc/debian_version": "8.11\n" };
    files["etc/os-release"] = 'ID=debian\nVERSION_ID="8"\n';
    const done = await scan(await one(files));
    expect(done).toMatchObject({ exitCode: 1, outputs: { verdict: "inconclusive", passed: "false" } });
    expect(done.errors.join()).toMatch(/debian 8.11 \(linux\/amd64\) is at its end of life/);
    expect(evidenceOf(done)).toMatchObject({ verdict: "inconclusive" });
  });

  it("a system without the list of its packages is inconclusive", async () => {
    const { "etc/os-release": release = "", "etc/debian_version": version = "" } = debianFiles({});
    const files = {
      "etc/os-release": release,
      "etc/debian_version": version,
      ...npmFiles("left-pad", "1.3.2"),
    };
    const done = await scan(await one(files));
    expect(done).toMatchObject({ exitCode: 1, outputs: { verdict: "inconclusive" } });
    expect(done.errors.join()).toMatch(/packages of debian 12.8 .* cannot be told/);
  });

  it("packages of a system that the scanner does not know are inconclusive; without any there is a notice", async () => {
    const files = { "etc/os-release": "ID=nobodyknows\nVERSION_ID=1\n", ...npmFiles("left-pad", "1.3.2") };
    const status = { "var/lib/dpkg/status": debianFiles(clean)["var/lib/dpkg/status"] as string };
    const unknown = await scan(await one({ ...files, ...status }));
    expect(unknown).toMatchObject({ exitCode: 1, outputs: { verdict: "inconclusive" } });
    expect(unknown.errors.join()).toMatch(
      /system that the scanner does not know \(\/var\/lib\/dpkg\/status\)/,
    );
    const none = await scan(await one(files));
    expect(none.outputs.verdict).toBe("pass");
    expect(none.annotations.map(({ message }) => message).join()).toMatch(/no operating system that/);
  });

  it("an image without any package is an error", async () => {
    const done = await scan(await one({ "hello.txt": "hello" }));
    expect(done).toMatchObject({ exitCode: 1, outputs: { verdict: "inconclusive" } });
    expect(done.errors.join()).toMatch(/looked at nothing|no packages at all/);
  });

  it("a layout whose bytes were changed is an error", async () => {
    const layout = await scratch("layout");
    const image = await smallImage(layout, [
      {
        architecture: "amd64",
        layers: [{ files: { ...debianFiles(clean), ...npmFiles("left-pad", "1.3.0") } }],
      },
    ]);
    const blobs = join(layout, "blobs/sha256");
    for (const name of await readdir(blobs)) {
      const text = await readFile(join(blobs, name), "latin1");
      if (!text.startsWith("{"))
        await writeFile(join(blobs, name), text.replaceAll("1.3.0", "1.3.2"), "latin1");
    }
    const done = await scan(layoutOf(layout, image));
    expect(done).toMatchObject({ exitCode: 1, outputs: { verdict: "inconclusive" } });
    expect(done.errors.join()).toMatch(/holds? (the bytes of )?sha256:|sha256:[0-9a-f]{64}, not/);
  });
});
