/** A tiny vulnerability database for real Trivy, so that scans need no network: built by a small program over Trivy's own
 * package, which is built once a machine. */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, madeOnce } from "./cache.ts";

const run = promisify(execFile);

export type Severity = "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";

export interface Advisory {
  id: string;
  ecosystem: "npm" | "debian 12";
  package: string;
  severity: Severity;
  title?: string;
  /** The version that has the fix; without one there is none yet. */
  fixed?: string;
}

const sources = {
  npm: {
    bucket: "npm::GitHub Security Advisory npm",
    source: {
      ID: "ghsa",
      Name: "GitHub Security Advisory npm",
      URL: "https://github.com/advisories?query=type%3Areviewed+ecosystem%3Anpm",
    },
  },
  "debian 12": {
    bucket: "debian 12",
    source: {
      ID: "debian",
      Name: "Debian Security Tracker",
      URL: "https://salsa.debian.org/security-tracker",
    },
  },
} as const;

/** As Trivy's own database numbers them. */
const severityNumbers = { LOW: 1, MEDIUM: 2, HIGH: 3, CRITICAL: 4 } as const;

/** A Trivy cache directory at `directory` with these advisories, last updated at `updatedAt` (ms since 1970). */
export async function trivyDatabase(
  directory: string,
  advisories: readonly Advisory[],
  updatedAt = Date.now(),
): Promise<string> {
  await mkdir(join(directory, "db"), { recursive: true });
  const builder = spawn(await databaseBuilder(), [join(directory, "db")], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  builder.stdin.end(JSON.stringify(advisories.map(entryOf)));
  const [code] = await once(builder, "close");
  if (code !== 0) throw new Error(`the database builder ended with ${code}`);
  await databaseMetadata(directory, updatedAt);
  return directory;
}

/** Says when the database was last updated; the rest of it stays. */
export async function databaseMetadata(directory: string, updatedAt: number, version = 2): Promise<void> {
  const iso = (ms: number) => new Date(ms).toISOString();
  const metadata = {
    Version: version,
    UpdatedAt: iso(updatedAt),
    NextUpdate: iso(updatedAt + 24 * 3_600_000),
    DownloadedAt: iso(updatedAt),
  };
  await writeFile(join(directory, "db/metadata.json"), JSON.stringify(metadata));
}

function entryOf({ id, ecosystem, package: name, severity, title, fixed }: Advisory) {
  const { bucket, source } = sources[ecosystem];
  const advisory =
    ecosystem === "npm"
      ? {
          VulnerableVersions: [fixed === undefined ? ">=0" : `<${fixed}`],
          PatchedVersions: fixed === undefined ? [] : [fixed],
        }
      : { FixedVersion: fixed ?? "" };
  const vulnerability = {
    Title: title ?? `${id} in ${name}`,
    Severity: severity,
    VendorSeverity: { [source.ID]: severityNumbers[severity] },
  };
  return { bucket, source, package: name, id, advisory, vulnerability };
}

/** Path of the builder, named by the digest of its source. */
async function databaseBuilder(): Promise<string> {
  const source = join(import.meta.dirname, "go/trivy-db");
  const hash = createHash("sha256");
  for (const file of ["main.go", "go.mod", "go.sum"]) hash.update(await readFile(join(source, file)));
  const folder = await cacheFolder("go", `trivy-db-${hash.digest("hex").slice(0, 16)}`);
  const path = join(folder, "trivy-db");
  return madeOnce(path, async () => {
    const work = await mkdtemp(join(folder, "build-"));
    try {
      await run("go", ["build", "-trimpath", "-o", join(work, "built"), "."], {
        cwd: source,
        env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
      });
      await rename(join(work, "built"), path);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}
