/** A release's files, copied into the state directory: a rollback works after the workspace it came from is gone. */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fileDigestIfThere } from "@ml-actions/oci/digest";
import { RolloutError } from "../error.ts";
import type { Release } from "../target.ts";

export interface KeptFiles {
  model: string;
  contract: string;
}

/** Names are made from digests alone, which hold nothing but hex. */
export function keptFiles(stateDirectory: string, digest: string): KeptFiles {
  const directory = join(stateDirectory, "releases", hexOf(digest));
  return { model: join(directory, "model.onnx"), contract: join(directory, "contract.json") };
}

export function predictionLog(stateDirectory: string, digest: string): string {
  return join(stateDirectory, "predictions", `${hexOf(digest)}.jsonl`);
}

function hexOf(digest: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest.slice("sha256:".length);
  throw new RolloutError(
    "invalid",
    `A release's digest must be sha256: and 64 hex digits, not ${JSON.stringify(digest.slice(0, 100))}.`,
    "Take the digest from the release's evidence or from the registry.",
  );
}

/** The release with the paths of its copy, when there is one; else as it came. */
export async function asKept(stateDirectory: string, release: Release): Promise<Release> {
  const kept = keptFiles(stateDirectory, release.digest);
  if (!(await exists(kept.model))) return release;
  return { ...release, model: { ...release.model, uri: kept.model, contract: kept.contract } };
}

/**
 * Copies the release's model and contract. A whole copy of the same two is used again without looking at where it came
 * from. Rejects with `artifact` when a file is missing or not the one that the release names.
 */
export async function keepRelease(stateDirectory: string, release: Release): Promise<KeptFiles> {
  const kept = keptFiles(stateDirectory, release.digest);
  if (
    (await isContract(kept.contract, release)) &&
    (await fileDigestIfThere(kept.model)) === release.model.digest
  )
    return kept;
  const final = join(stateDirectory, "releases", hexOf(release.digest));
  const made = `${final}.${randomUUID()}.part`;
  await mkdir(made, { recursive: true, mode: 0o700 });
  try {
    await fetchModel(release, made);
    await copyContract(release, join(made, "contract.json"));
    await rm(final, { recursive: true, force: true });
    await rename(made, final);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return kept;
}

/** Removes the copies and prediction logs of all releases but these. A copy that is being made is left alone, unless
 * `unfinished`, which is for the start, when nobody can be making one. */
export async function forgetOthers(
  stateDirectory: string,
  releases: (Release | null)[],
  unfinished = false,
): Promise<void> {
  const keep = new Set(releases.map((release) => (release === null ? "" : hexOf(release.digest))));
  for (const folder of ["releases", "predictions"]) {
    const directory = join(stateDirectory, folder);
    for (const name of await readdir(directory).catch(() => [])) {
      const part = name.endsWith(".part");
      if (part ? unfinished : !keep.has(name.slice(0, 64)))
        await rm(join(directory, name), { recursive: true, force: true });
    }
  }
}

async function fetchModel(release: Release, directory: string): Promise<void> {
  const target = join(directory, "model.onnx");
  const path = localPath(release.model.uri);
  if (path !== null) await copy(path, target, "model");
  else {
    const { resolveModel } = await import("@ml-actions/serving/resolve-model");
    const found = await resolveModel(release.model.uri, { directory, digest: release.model.digest });
    if (found.path !== target) await rename(found.path, target);
  }
  const digest = await fileDigestIfThere(target);
  if (digest === release.model.digest) return;
  throw new RolloutError(
    "artifact",
    `The model of ${release.label} at ${release.model.uri} has digest ${digest}, expected ${release.model.digest}.`,
    "The file was changed after the release was named: name the release anew and judge it again.",
  );
}

async function copyContract(release: Release, target: string): Promise<void> {
  const { contract, contractDigest } = release.model;
  await copy(contract, target, "contract");
  if (await isContract(target, release)) return;
  throw new RolloutError(
    "artifact",
    `The contract of ${release.label} at ${contract} has digest ${await fileDigestIfThere(target)}, expected ${contractDigest}.`,
    "The file was changed after the release was named: name the release anew and judge it again.",
  );
}

async function isContract(path: string, { model: { contractDigest } }: Release): Promise<boolean> {
  const found = await fileDigestIfThere(path);
  return found !== null && (contractDigest === undefined || found === contractDigest);
}

/** null for a URI that has to be fetched. */
function localPath(uri: string): string | null {
  if (uri.startsWith("file:")) return fileURLToPath(uri);
  if (/^[a-z][a-z0-9+.-]+:/i.test(uri) && !isAbsolute(uri)) return null;
  return resolve(uri);
}

async function copy(from: string, to: string, what: string): Promise<void> {
  try {
    const found = await stat(from);
    if (!found.isFile()) throw new Error("it is not a file");
    await copyFile(from, to);
    const file = await open(to, "r+");
    await file.sync();
    await file.close();
  } catch (cause) {
    throw new RolloutError(
      "artifact",
      `The release's ${what} file ${from} cannot be copied: ${(cause as Error).message}.`,
      `Check that the ${what} file exists, can be read, and that the state directory has room.`,
      { cause },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
