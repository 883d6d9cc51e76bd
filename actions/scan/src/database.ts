/** The vulnerability database: fetched by Trivy or brought along, and fresh enough to prove something. */
import { mkdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duration } from "@ml-actions/reports/figures";
import { z } from "zod";
import { ScanError, shown } from "./errors.ts";
import type { Trivy } from "./trivy.ts";

export interface Database {
  /** Trivy's cache directory. */
  directory: string;
  /** Of its schema. */
  version: string;
  /** When its advisories were gathered, in milliseconds since 1970. */
  updatedAt: number;
}

/** The schema that Trivy 0.69 reads (`db.SchemaVersion` in trivy-db). */
const schemaVersion = 2;
/** Clocks of two machines that somebody looks after differ by less. */
const clockSkewMs = 10 * 60_000;

const metadataSchema = z.object({ Version: z.int(), UpdatedAt: z.iso.datetime({ offset: true }) });

/** The database of `cacheDir`, or one that is fetched now and kept for the other steps of this job. */
export async function openDatabase(
  cacheDir: string | undefined,
  maxAgeMs: number,
  trivy: Trivy,
): Promise<Database> {
  if (cacheDir !== undefined) return readDatabase(cacheDir, maxAgeMs, Date.now());
  const directory = join(process.env.RUNNER_TEMP || tmpdir(), "ml-actions", "trivy");
  await mkdir(directory, { recursive: true });
  await trivy.downloadDatabase(directory);
  return readDatabase(directory, maxAgeMs, Date.now());
}

/** @throws ScanError `database` */
export async function readDatabase(directory: string, maxAgeMs: number, now: number): Promise<Database> {
  const path = join(directory, "db", "metadata.json");
  const size = await stat(join(directory, "db", "trivy.db")).then(
    (file) => file.size,
    () => 0,
  );
  const text = await readFile(path, "utf8").catch(() => null);
  if (size === 0 || text === null) {
    throw unusable(
      `there is no vulnerability database in ${shown(directory)} (db/trivy.db, db/metadata.json)`,
    );
  }
  const { Version, UpdatedAt } = metadataOf(text, path);
  const updatedAt = Date.parse(UpdatedAt);
  const ageMs = now - updatedAt;
  if (Version !== schemaVersion) {
    throw unusable(`the vulnerability database has schema ${Version}; this scanner reads ${schemaVersion}`);
  }
  if (ageMs > maxAgeMs) {
    throw unusable(
      `the vulnerability database is ${duration(ageMs)} old (of ${UpdatedAt}); \`max-db-age\` allows ${duration(maxAgeMs)}`,
    );
  }
  if (ageMs < -clockSkewMs) {
    throw unusable(
      `the vulnerability database is of ${UpdatedAt}, which is yet to come: its age cannot be told`,
    );
  }
  return { directory, version: String(Version), updatedAt };
}

function metadataOf(text: string, path: string): z.output<typeof metadataSchema> {
  try {
    return metadataSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw unusable(`${shown(path)} does not say when the vulnerability database was updated`, cause);
  }
}

function unusable(message: string, cause?: unknown): ScanError {
  return new ScanError(
    "database",
    message,
    "Update it: `trivy image --download-db-only --cache-dir <directory>`; without `cache-dir` that is done here.",
    { cause },
  );
}
