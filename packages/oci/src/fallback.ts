/**
 * Referrers on a registry without their API (GHCR, Debian's docker-registry): tags.
 *
 * The specification's fallback is one tag, `sha256-<hex of the subject>`, whose index lists all that is attached. Every
 * writer reads it, adds its own and puts it back, and few registries compare an ETag, so of two writers at the same time
 * the second undoes what the first added; reading back does not help the first, who may read before that happens.
 *
 * So everything attached also gets a tag of its own, `sha256-<hex of the subject>.<first 16 hex of its own digest>`,
 * which nobody else ever writes, *before* the index is touched. The index is then only a view of these tags, for readers
 * that know it alone (cosign, crane, oras): who puts it, puts the union of the index and the tags, and looks again after
 * the put whether a tag is missing in it. Whichever put comes last, its writer looks after it and finds every tag that
 * stood before, and who set a tag later looks later: when all writers have ended, the index is whole. And it ends: once
 * all tags stand, each writer has at most one stale put under way, and every other is the whole union.
 *
 * What remains: a writer killed between its put and its look may leave the index without another's entry until the next
 * writer comes. Readers here take the tags as well and see it all the same; others do not. A registry that refuses to
 * list tags leaves the index alone: then a writer looks again three times, at random intervals, and the window that the
 * specification has is narrower, but there.
 */

import type { Connection } from "./connection.ts";
import { digestOfBytes } from "./digest.ts";
import { OciError } from "./errors.ts";
import { type Descriptor, mediaTypes, type Pulled, parseDocument } from "./manifest.ts";
import { getRaw, headManifest, putManifest } from "./manifests.ts";
import { pause } from "./retries.ts";
import { listTags } from "./tags-list.ts";

const ociIndex = mediaTypes.index[0] as string;
const hexOfOwnTag = 16;
/** Each round is lost only to another writer's stale put, and each of those has one. */
const maxRounds = 60;
/** Looks without the tags' list to go by. */
const looksWithoutList = 3;

const fallbackTag = (subject: string) => subject.replace(":", "-");
const ownTag = (subject: string, digest: string) =>
  `${fallbackTag(subject)}.${digest.slice("sha256:".length, "sha256:".length + hexOfOwnTag)}`;

interface FallbackIndex {
  /** As it was read: what others wrote is kept word by word. */
  json: Record<string, unknown>;
  entries: Descriptor[];
  etag: string | null;
}

/** What is listed for a subject: by the index, and by the tags of what it does not list. */
export async function listByTag(
  connection: Connection,
  subject: string,
  open: (tag: string) => Promise<Pulled>,
): Promise<Descriptor[]> {
  const index = await readIndex(connection, subject);
  const entries = index?.entries ?? [];
  const tags = (await ownTags(connection, subject)) ?? [];
  return [...entries, ...(await missingIn(entries, subject, tags, open))];
}

/** Makes `attached`, which is stored already, findable through both. Resolves when the index was seen with everything
 * that has a tag. Rejects with `OciError` code `conflict` when other writers do not let that happen. */
export async function attachByTag(
  connection: Connection,
  subject: string,
  attached: Pulled,
  open: (tag: string) => Promise<Pulled>,
): Promise<void> {
  const own = ownTag(subject, attached.digest);
  await putManifest(connection, own, attached);
  let refused: string | null = null;
  let looks = 0;
  for (let round = 0; round < maxRounds; round++) {
    const tags = await ownTags(connection, subject);
    // A list that does not know the tag just set is old, and proves nothing about others.
    const current = tags?.includes(own) === true;
    const index = await readIndex(connection, subject);
    const entries = index?.entries ?? [];
    const mine = entries.some(({ digest }) => digest === attached.digest) ? [] : [entryOf(attached)];
    const others = (tags ?? []).filter((tag) => tag !== own);
    const missing = [...mine, ...(await missingIn(entries, subject, others, open))];
    if (missing.length === 0) {
      if (current || ++looks === looksWithoutList) return;
      await pause(1 + looks);
      continue;
    }
    looks = 0;
    const etag = index?.etag ?? null;
    // An ETag that was refused though nothing changed is none to go by.
    const usable: string | null = etag !== null && !etag.startsWith("W/") && etag !== refused ? etag : null;
    if (!(await putIndex(connection, subject, index, missing, usable))) refused = usable;
    if (round > 0) await pause(Math.min(round - 1, 3));
  }
  throw new OciError(
    "conflict",
    `${connection} stored ${attached.digest}, but its tag ${fallbackTag(subject)} was overwritten ${maxRounds} times`,
    { remedy: "Something else writes this tag all the time. Stop it, and run this again." },
  );
}

/** Entries for the tags whose manifests a list lacks. */
async function missingIn(
  entries: readonly Descriptor[],
  subject: string,
  tags: readonly string[],
  open: (tag: string) => Promise<Pulled>,
): Promise<Descriptor[]> {
  const listed = new Set(entries.map(({ digest }) => ownTag(subject, digest)));
  const missing: Descriptor[] = [];
  for (const tag of tags.filter((each) => !listed.has(each))) {
    const pulled = await open(tag).catch((error) => {
      // Deleted since the list was made, or a stranger's tag of the same form.
      if (error instanceof OciError && (error.code === "not-found" || error.code === "manifest")) return null;
      throw error;
    });
    if (pulled !== null && ownTag(subject, pulled.digest) === tag) missing.push(entryOf(pulled));
  }
  return missing;
}

/** A descriptor as the index lists it (specification, "Pushing Manifests with Subject"). */
function entryOf({ document, mediaType, digest, bytes }: Pulled): Descriptor {
  const own = document.kind === "manifest" ? document.manifest : document.index;
  const artifactType =
    own.artifactType ?? (document.kind === "manifest" ? document.manifest.config.mediaType : undefined);
  return {
    mediaType: mediaType.split(";")[0]?.trim() ?? "",
    digest,
    size: bytes.byteLength,
    ...(artifactType !== undefined && { artifactType }),
    ...(own.annotations !== undefined && { annotations: own.annotations }),
  };
}

/** Tags of what is attached to the subject; null when the registry does not list tags. */
async function ownTags(connection: Connection, subject: string): Promise<string[] | null> {
  const form = new RegExp(`^${fallbackTag(subject)}\\.[0-9a-f]{${hexOfOwnTag}}$`);
  return (await listTags(connection))?.filter((tag) => form.test(tag)) ?? null;
}

async function readIndex(connection: Connection, subject: string): Promise<FallbackIndex | null> {
  const tag = fallbackTag(subject);
  const raw = await getRaw(connection, tag).catch((error) => {
    if (error instanceof OciError && error.code === "not-found") return null;
    throw error;
  });
  if (raw === null) return null;
  const document = parseDocument(raw.bytes, raw.mediaType, `${connection}:${tag}`);
  if (document.kind !== "index") {
    throw new OciError("manifest", `${connection}:${tag} is no index of what is attached to an image`, {
      remedy: "Something else uses this tag: look at what it is, and delete it if it is nothing.",
    });
  }
  const json = JSON.parse(new TextDecoder().decode(raw.bytes)) as Record<string, unknown>;
  return { json, entries: document.index.manifests, etag: raw.etag };
}

/** Whether it was put; false when another version stands there. */
async function putIndex(
  connection: Connection,
  subject: string,
  index: FallbackIndex | null,
  added: readonly Descriptor[],
  ifMatch: string | null,
): Promise<boolean> {
  const standing = (index?.json.manifests ?? []) as { digest: string }[];
  const put = (kept: readonly unknown[]) => {
    const json = { schemaVersion: 2, mediaType: ociIndex, ...index?.json, manifests: [...kept, ...added] };
    const bytes = Buffer.from(JSON.stringify(json));
    const digest = digestOfBytes(bytes);
    return putManifest(connection, fallbackTag(subject), { bytes, mediaType: ociIndex, digest }, ifMatch);
  };
  try {
    return await put(standing);
  } catch (error) {
    // Registries refuse an index that lists what was deleted since.
    if (!(error instanceof OciError) || !(error.code === "status" || error.code === "not-found")) throw error;
    const there = await Promise.all(standing.map(({ digest }) => headManifest(connection, digest)));
    const kept = standing.filter((_, at) => there[at] !== null);
    if (kept.length === standing.length) throw error;
    return put(kept);
  }
}
