/** `index.json` of an image layout: the tags, the images without one, and what is attached to them. */
import { join } from "node:path";
import { OciError } from "./errors.ts";
import { damaged, readSmall, writeWhole } from "./layout-files.ts";
import { withLock } from "./layout-lock.ts";
import { type Descriptor, maxManifestBytes, mediaTypes, parseDocument } from "./manifest.ts";
import { digestPattern } from "./reference.ts";
import { tagConflict } from "./tag.ts";

/** As it lies there, fields of others' included. */
export type Entry = Descriptor & Record<string, unknown>;

const ociIndex = mediaTypes.index[0] as string;
/** Image specification 1.1, "Pre-Defined Annotation Keys". */
const refName = "org.opencontainers.image.ref.name";

/** The entries; null when there is no layout yet. Rejects with `OciError` code `layout` for what is none. */
export async function readIndex(directory: string): Promise<Entry[] | null> {
  const index = await read(directory);
  return index === null ? null : entriesOf(index);
}

async function read(directory: string): Promise<Record<string, unknown> | null> {
  const path = join(directory, "index.json");
  const [bytes, layout] = [await readSmall(path), await readSmall(join(directory, "oci-layout"))];
  if (bytes === null) {
    if (layout !== null) assertVersion(directory, layout);
    return null;
  }
  if (layout === null) throw damaged(directory, "has an index.json, but no file oci-layout");
  assertVersion(directory, layout);
  parseDocument(bytes, ociIndex, path);
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown>;
}

/** Its shape was checked by `parseDocument`. */
const entriesOf = (index: Record<string, unknown>) => index.manifests as Entry[];

function assertVersion(directory: string, bytes: Uint8Array): void {
  let version: unknown;
  try {
    version = (JSON.parse(Buffer.from(bytes).toString("utf8")) as { imageLayoutVersion?: unknown })
      ?.imageLayoutVersion;
  } catch (cause) {
    throw damaged(directory, "has a file oci-layout that is no JSON", cause);
  }
  if (version === "1.0.0") return;
  throw damaged(directory, `is a layout of version ${JSON.stringify(version)?.slice(0, 50)}, not "1.0.0"`);
}

/** The entry of a tag, or one of a digest; null when there is none. Throws when a tag stands twice. */
export function find(entries: readonly Entry[], tagOrDigest: string, place: string): Entry | null {
  if (digestPattern.test(tagOrDigest)) {
    return entries.find(({ digest }) => digest === tagOrDigest) ?? null;
  }
  const found = entries.filter(({ annotations }) => annotations?.[refName] === tagOrDigest);
  if (new Set(found.map(({ digest }) => digest)).size > 1) {
    throw damaged(place, `has the tag ${tagOrDigest} ${found.length} times, with different digests`);
  }
  return found[0] ?? null;
}

/** Throws `OciError` code `conflict` when the tag names another digest. */
export function assertFree(entries: readonly Entry[], tag: string, digest: string, place: string): void {
  const standing = find(entries, tag, place);
  if (standing !== null && standing.digest !== digest) {
    throw tagConflict(`${place}:${tag}`, standing.digest, digest);
  }
}

/** The entries with one more. What has a tag or a subject, or is nobody's part, is listed; the parts of an index are
 * found through it. Images stand before what is attached: readers that are not told which one take the first. */
export function listed(
  entries: readonly Entry[],
  entry: Entry,
  { tag, parts, isAttached }: { tag: string | undefined; parts: readonly string[]; isAttached: boolean },
): Entry[] {
  const isPart = new Set(parts);
  const kept = entries.filter(
    ({ digest, annotations, artifactType }) =>
      !isPart.has(digest) || annotations?.[refName] !== undefined || artifactType !== undefined,
  );
  const same = kept.filter(({ digest }) => digest === entry.digest);
  if (same.some(({ annotations }) => tag === undefined || annotations?.[refName] === tag)) return kept;
  const named =
    tag === undefined ? entry : { ...entry, annotations: { ...entry.annotations, [refName]: tag } };
  const untagged = same.find(({ annotations }) => annotations?.[refName] === undefined);
  if (untagged !== undefined) return kept.map((each) => (each === untagged ? named : each));
  const attachments = kept.findIndex(({ artifactType }) => artifactType !== undefined);
  const at = isAttached || attachments === -1 ? kept.length : attachments;
  return kept.toSpliced(at, 0, named);
}

const maxTries = 5;

/** Changes the index as the only writer. It is read back: should a lock ever be taken over from a process that lives, the
 * change is made again. */
export async function updateIndex(
  directory: string,
  change: (entries: readonly Entry[]) => Entry[],
): Promise<void> {
  const path = join(directory, "index.json");
  for (let tries = 0; tries < maxTries; tries++) {
    const done = await withLock(`${path}.lock`, async () => {
      const index = (await read(directory)) ?? { schemaVersion: 2, mediaType: ociIndex, manifests: [] };
      const before = entriesOf(index);
      const after = change(before);
      if (JSON.stringify(after) === JSON.stringify(before)) return true;
      const bytes = Buffer.from(JSON.stringify({ ...index, manifests: after }));
      if (bytes.byteLength > maxManifestBytes) throw full(path);
      await writeWhole(directory, path, [bytes]);
      return false;
    });
    if (done) return;
  }
  throw new OciError("conflict", `${path} was overwritten ${maxTries} times`, {
    remedy: "Something else writes this layout without its lock. Stop it, and run this again.",
  });
}

function full(path: string): OciError {
  return new OciError("too-large", `${path} would hold more than ${maxManifestBytes} bytes`, {
    remedy: "Begin a new layout, or remove what is no longer needed from this one.",
  });
}
