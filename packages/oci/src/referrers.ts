/** What is attached to an image: manifests that name it as their `subject` (OCI Distribution Specification 1.1, "Listing
 * Referrers"), from the registry's API where it has one, else from tags. */

import { shown } from "./address.ts";
import type { Connection } from "./connection.ts";
import { OciError } from "./errors.ts";
import { attachByTag, listByTag } from "./fallback.ts";
import { nextPage } from "./links.ts";
import { type Descriptor, type Document, mediaTypes, type Pulled, parseDocument } from "./manifest.ts";
import { collect } from "./manifests.ts";
import { pause, withRetries } from "./retries.ts";
import type { Referrer } from "./store.ts";

const ociIndex = mediaTypes.index[0] as string;
const known = new Set([...mediaTypes.manifest, ...mediaTypes.index]);
/** More than any release has evidence; a list without end must not become requests without end. */
const maxReferrers = 1000;
const openedAtOnce = 8;

/** The list as the API gives it, every page; null when the registry has no API. It is not asked to filter: registries
 * are known to misreport artifactType, and what they filter by it would be missing. */
export async function listByApi(connection: Connection, digest: string): Promise<Descriptor[] | null> {
  const found: Descriptor[] = [];
  const asked = new Set<string>();
  let next: URL | null = new URL(`referrers/${digest}`, connection.base);
  while (next !== null) {
    const url: URL = next;
    asked.add(url.href);
    const page = await withRetries(async () => {
      const request = { headers: { accept: ociIndex }, accept: [400, 404, 405, 406, 501] };
      const response = await connection.exchange(url, request, "pull");
      const type = response.headers.get("content-type")?.split(";")[0]?.trim();
      const bytes = await collect(response, url);
      return { isIndex: response.ok && type === ociIndex, bytes, link: response.headers.get("link") };
    });
    if (!page.isIndex) {
      if (asked.size === 1) return null;
      throw brokenOff(url);
    }
    const document = parseDocument(page.bytes, ociIndex, shown(url));
    if (document.kind === "index") found.push(...document.index.manifests);
    assertFew(found.length, shown(url));
    next = nextPage(page.link, url);
    if (next !== null && asked.has(next.href)) throw brokenOff(next);
  }
  return found;
}

/** Opens what a list names, with `open`, and keeps what truly has this subject. */
export async function opened(
  listed: readonly Descriptor[],
  subject: string,
  open: (digest: string) => Promise<Pulled>,
  place: string,
): Promise<Referrer[]> {
  const digests = [
    ...new Set(listed.filter(({ mediaType }) => known.has(mediaType)).map(({ digest }) => digest)),
  ].sort();
  assertFew(digests.length, place);
  const referrers: Referrer[] = [];
  for (let at = 0; at < digests.length; at += openedAtOnce) {
    const pulled = await Promise.all(
      digests.slice(at, at + openedAtOnce).map((digest) => ifThere(open(digest))),
    );
    for (const found of pulled) {
      if (found !== null && subjectOf(found.document) === subject) referrers.push(referrer(found));
    }
  }
  return referrers;
}

export function subjectOf(document: Document): string | null {
  return (document.kind === "manifest" ? document.manifest : document.index).subject?.digest ?? null;
}

export function referrer({ document, mediaType, digest, bytes }: Pulled): Referrer {
  const own = document.kind === "manifest" ? document.manifest : document.index;
  const config = document.kind === "manifest" ? document.manifest.config.mediaType : "";
  return {
    descriptor: { mediaType: mediaType.split(";")[0]?.trim() ?? "", digest, size: bytes.byteLength },
    artifactType: own.artifactType ?? config,
    annotations: own.annotations ?? {},
    layers: document.kind === "manifest" ? document.manifest.layers : [],
  };
}

/** What a list names may be deleted, or be nothing that can be evidence: neither hides the rest. */
async function ifThere(pulled: Promise<Pulled>): Promise<Pulled | null> {
  return pulled.catch((error) => {
    if (error instanceof OciError && (error.code === "not-found" || error.code === "manifest")) return null;
    throw error;
  });
}

/** All that is attached to `digest`, by digest. */
export async function listReferrers(
  connection: Connection,
  digest: string,
  open: (digest: string) => Promise<Pulled>,
): Promise<Referrer[]> {
  const listed = (await listByApi(connection, digest)) ?? (await listByTag(connection, digest, open));
  return opened(listed, digest, open, `${connection}`);
}

const maxChecks = 5;

/** Makes what was just put findable from its subject; resolves when it is. Whether the registry keeps the list itself is
 * seen by asking for it: not all that do say so with OCI-Subject. */
export async function attach(
  connection: Connection,
  subject: string,
  attached: Pulled,
  open: (tagOrDigest: string) => Promise<Pulled>,
): Promise<void> {
  for (let check = 0; check < maxChecks; check++) {
    const listed = await listByApi(connection, subject);
    if (listed === null) return attachByTag(connection, subject, attached, open);
    if (listed.some(({ digest }) => digest === attached.digest)) return;
    await pause(Math.min(check, 2));
  }
  throw new OciError(
    "status",
    `${connection} stored ${attached.digest}, but does not list it among the referrers of ${subject}`,
    { remedy: "Run it again; if it stays so, the registry's referrers API is broken." },
  );
}

function assertFew(count: number, place: string): void {
  if (count <= maxReferrers) return;
  throw new OciError(
    "too-large",
    `${place} lists ${count} referrers or more; at most ${maxReferrers} are read`,
    {
      remedy: "Delete what is no longer needed from the repository.",
    },
  );
}

function brokenOff(url: URL): OciError {
  return new OciError("status", `the list of referrers breaks off at ${shown(url)}`, {
    remedy: "Run it again; if it stays so, the registry's referrers API is broken.",
  });
}
