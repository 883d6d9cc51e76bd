/** Finds Trivy, makes sure that it is the one that was meant, and that it is none of those that must not run. */
import { access, constants, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { fileDigestIfThere } from "@ml-actions/oci/digest";
import { z } from "zod";
import { ScanError, shown } from "./errors.ts";
import { fetchScanner } from "./fetch-scanner.ts";
import { runProgram } from "./process.ts";
import type { ScannerInput } from "./scanner-input.ts";
import { compromisedVersion, isTooOld, pinnedReleases, pinnedVersion } from "./versions.ts";
import type { Workroom } from "./workroom.ts";

export interface Scanner {
  path: string;
  version: string;
  /** Of the program: `sha256:<hex>`. */
  digest: string;
}

const versionTimeoutMs = 60_000;

/** @throws ScanError `scanner`, `checksum` or `crash`; OciError when it cannot be fetched. */
export async function findScanner(
  asked: { scanner: ScannerInput | undefined; sha256: string | undefined },
  room: Workroom,
  signal: AbortSignal,
): Promise<Scanner> {
  const path = await locate(asked, room);
  const digest = await fileDigestIfThere(path);
  if (digest === null) throw missing(path);
  assertClean(path, digest);
  return { path, digest, version: await versionOf(path, room, signal) };
}

async function locate(
  { scanner, sha256 }: { scanner: ScannerInput | undefined; sha256: string | undefined },
  room: Workroom,
): Promise<string> {
  if (scanner?.kind === "url" && sha256 !== undefined) {
    return fetchScanner({ url: scanner.url, sha256 }, room.directory);
  }
  if (scanner?.kind === "path") {
    const path = resolve(scanner.path);
    if (!(await isProgram(path))) throw missing(path);
    if (sha256 !== undefined) await assertChecksum(path, sha256);
    return path;
  }
  const onPath = await findOnPath(room.environment.PATH ?? "");
  if (onPath !== null) return onPath;
  const pinned = process.platform === "linux" ? pinnedReleases[process.arch] : undefined;
  if (pinned !== undefined) {
    return fetchScanner({ url: new URL(pinned.url), sha256: pinned.sha256 }, room.directory);
  }
  throw new ScanError(
    "scanner",
    `there is no trivy on the PATH, and no release is pinned for ${process.platform} ${process.arch}`,
    `Install Trivy ${pinnedVersion}, or give \`scanner\` and \`scanner-sha256\`.`,
  );
}

async function findOnPath(path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const candidate = join(folder, "trivy");
    if (await isProgram(candidate)) return candidate;
  }
  return null;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function missing(path: string): ScanError {
  return new ScanError(
    "scanner",
    `there is no scanner that can be run at ${shown(path)}`,
    `Install Trivy ${pinnedVersion} there, or correct \`scanner\`.`,
  );
}

/** Before it runs for the first time: what it says of itself is worth nothing until then. */
async function assertChecksum(path: string, sha256: string): Promise<void> {
  const actual = await fileDigestIfThere(path);
  if (actual === `sha256:${sha256}`) return;
  throw new ScanError(
    "checksum",
    `the scanner at ${shown(path)} has ${actual}, not sha256:${sha256}`,
    "Do not run it. Check `scanner-sha256`; if that is right, the program was replaced.",
  );
}

const versionAnswer = z.object({ Version: z.string().min(1).max(100) });

async function versionOf(path: string, room: Workroom, signal: AbortSignal): Promise<string> {
  const ended = await runProgram({
    path,
    args: ["version", "--format", "json", "--cache-dir", join(room.directory, "tmp")],
    cwd: join(room.directory, "run"),
    environment: room.environment,
    timeoutMs: versionTimeoutMs,
    signal,
  }).catch((cause) => {
    signal.throwIfAborted();
    throw new ScanError("scanner", `${shown(path)} cannot be run: ${(cause as Error).message}`, useTrivy, {
      cause,
    });
  });
  const version = ended.code === 0 ? parsedVersion(ended.stdout) : null;
  if (version === null) {
    const said = shown(ended.stderr.trim() || ended.stdout.trim() || "nothing");
    throw new ScanError(
      "scanner",
      `${shown(path)} does not say which version of Trivy it is: it said ${said}`,
      useTrivy,
    );
  }
  assertClean(path, version);
  if (isTooOld(version)) {
    throw new ScanError(
      "scanner",
      `${shown(path)} is Trivy ${version}; 0.69 is the oldest that can be used`,
      useTrivy,
    );
  }
  return version;
}

/** By its digest before it runs, by what it says of itself after. */
function assertClean(path: string, digestOrVersion: string): void {
  const compromised = compromisedVersion(digestOrVersion);
  if (compromised === null) return;
  throw new ScanError(
    "scanner",
    `${shown(path)} is Trivy ${compromised}, a release that stole secrets (CVE-2026-33634)`,
    `Remove it and use ${pinnedVersion}. Change every secret that a job with it could read.`,
  );
}

const useTrivy = `Use Trivy ${pinnedVersion}.`;

function parsedVersion(text: string): string | null {
  try {
    const { Version } = versionAnswer.parse(JSON.parse(text));
    return /^v?\d+\.\d+\.\d+/.test(Version) ? Version.replace(/^v/, "") : null;
  } catch {
    return null;
  }
}
