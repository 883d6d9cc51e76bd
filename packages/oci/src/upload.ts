/** Sending a blob: mounted where it lies in the same registry, small ones in one request, large ones in chunks that a
 * broken connection does not undo (OCI Distribution Specification 1.1, "Pushing blobs"). */

import { shown } from "./address.ts";
import { textOf } from "./body.ts";
import type { Connection } from "./connection.ts";
import { Pieces } from "./content.ts";
import { OciError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Descriptor } from "./manifest.ts";
import { Retries, Transient, withRetries } from "./retries.ts";
import type { BlobContent } from "./store.ts";

/** What is sent in one request. A break costs at most so much again. */
const chunkBytes = 32 * 1024 * 1024;
/** A registry may read and hash the whole blob, or move it between buckets, before it answers. */
const commitTimeoutMs = 300_000;
/** One whose disk is busy, or that hands the chunk on to a bucket first. */
const chunkTimeoutMs = 120_000;
const maxSessions = 3;

/** The registry forgot the upload: it begins again from the first byte. */
class SessionLost extends Error {
  readonly failure: OciError;
  constructor(failure: OciError) {
    super(failure.message, { cause: failure });
    this.failure = failure;
  }
}

interface Session {
  location: URL;
  /** What the registry has. */
  offset: number;
  minChunkBytes: number;
  /** A request of it broke: what the registry kept may be more than it remembers. */
  broken: boolean;
}

/** Resolves when the registry holds the blob under its digest. `mountFrom`: a repository of the same registry. `has` tells
 * whether the blob is there: a commit may have happened though its answer was lost. Rejects with `OciError`. */
export async function upload(
  connection: Connection,
  descriptor: Descriptor,
  content: BlobContent,
  { mountFrom, has }: { mountFrom: string | null; has: () => Promise<boolean> },
): Promise<"mounted" | "sent"> {
  for (let lost = 1; ; lost++) {
    const session = await begin(connection, descriptor.digest, mountFrom);
    if (session === "mounted") return "mounted";
    try {
      await send(connection, session, descriptor, content);
      return "sent";
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      if (await has()) return "sent";
      if (lost === maxSessions) throw error.failure;
    }
  }
}

async function begin(
  connection: Connection,
  digest: string,
  mountFrom: string | null,
): Promise<Session | "mounted"> {
  const url = new URL("blobs/uploads/", connection.base);
  if (mountFrom !== null) {
    url.searchParams.set("mount", digest);
    url.searchParams.set("from", mountFrom);
  }
  const access = mountFrom === null ? "push" : { mount: mountFrom };
  const response = await withRetries(() => connection.exchange(url, { method: "POST" }, access)).catch(
    (error) => {
      // Who may not read the other repository may still push: the bytes are sent instead.
      if (mountFrom === null || !(error instanceof OciError) || !refusals.has(error.code)) throw error;
      return null;
    },
  );
  if (response === null) return begin(connection, digest, null);
  await response.body?.cancel();
  if (mountFrom !== null && response.status === 201) {
    assertStored(response, digest, url);
    return "mounted";
  }
  const minimum = Number(response.headers.get("oci-chunk-min-length"));
  return {
    location: locationOf(response, url),
    offset: 0,
    minChunkBytes: Number.isSafeInteger(minimum) ? minimum : 0,
    broken: false,
  };
}

const refusals = new Set(["unauthorized", "denied", "not-found"]);

async function send(
  connection: Connection,
  session: Session,
  { digest, size }: Descriptor,
  content: BlobContent,
): Promise<void> {
  const pieces = new Pieces(content);
  const retries = new Retries();
  let whole = size <= chunkBytes;
  try {
    while (true) {
      const before = session.offset;
      try {
        if (whole || session.offset === size)
          return await commit(connection, session, digest, whole ? size : 0, pieces);
        await sendChunk(connection, session, size, pieces);
      } catch (error) {
        await retries.after(error);
        await resume(connection, session, size).catch((lost) => {
          // What broke it is worth more to the reader than that it was then forgotten.
          throw lost instanceof SessionLost ? new SessionLost((error as Transient).failure) : lost;
        });
      }
      if (session.offset > before) retries.progressed();
      whole &&= session.offset === 0;
    }
  } finally {
    await pieces.close();
  }
}

/** `bytes`: of the whole blob when it goes along, else 0. */
async function commit(
  connection: Connection,
  session: Session,
  digest: string,
  bytes: number,
  pieces: Pieces,
): Promise<void> {
  const url = new URL(session.location);
  url.searchParams.set("digest", digest);
  const response = await inSession(connection, session, url, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    answerTimeoutMs: commitTimeoutMs,
    body: { bytes, stream: () => pieces.take(0, bytes) },
  });
  assertStored(response, digest, url);
}

async function sendChunk(
  connection: Connection,
  session: Session,
  size: number,
  pieces: Pieces,
): Promise<void> {
  const { location, offset, minChunkBytes } = session;
  const bytes = Math.min(size - offset, Math.max(chunkBytes, minChunkBytes));
  const response = await inSession(connection, session, location, {
    method: "PATCH",
    headers: {
      "content-type": "application/octet-stream",
      "content-range": `${offset}-${offset + bytes - 1}`,
    },
    answerTimeoutMs: chunkTimeoutMs,
    body: { bytes, stream: () => pieces.take(offset, bytes) },
  });
  session.location = locationOf(response, location);
  session.offset = received(response, location, offset + bytes) ?? offset + bytes;
  if (session.offset <= offset) throw new SessionLost(nothingKept(location, bytes));
}

/** Asks what arrived of what was sent. */
async function resume(connection: Connection, session: Session, size: number): Promise<void> {
  const { location } = session;
  session.broken = true;
  const response = await withRetries(() => connection.exchange(location, {}, "push")).catch((error) => {
    if (error instanceof OciError && error.code !== "network") throw new SessionLost(error);
    throw error;
  });
  await response.body?.cancel();
  session.location = locationOf(response, location);
  session.offset = received(response, location, size) ?? 0;
}

/** A request of an upload under way. 404, and 400 after a break, mean that the registry no longer knows it; 416 that it
 * has more or less than was thought, which it may be asked. */
async function inSession(
  connection: Connection,
  session: Session,
  url: URL,
  request: Exchange,
): Promise<Response> {
  const response = await connection.exchange(url, { ...request, accept: [400, 404, 416] }, "push");
  if (response.ok) return response;
  const said = (await textOf(response, url).catch(() => "")).replace(/[\p{Cc}\s]+/gu, " ").slice(0, 300);
  const message = `${shown(url)} answered ${response.status}: ${said}`;
  if (/DIGEST_INVALID/.test(said)) {
    throw new OciError("digest", `${message}; the bytes that were sent are not those that were described`, {
      remedy:
        "Leave the file alone while it is sent, and run it again; else something on the way changes it.",
    });
  }
  const failure = new OciError("status", message, { remedy: "Look at the registry's own log." });
  if (response.status === 416) throw new Transient(failure);
  throw response.status === 400 && !session.broken ? failure : new SessionLost(failure);
}

/** `Range: 0-<last>` as the offset to go on from; null when the registry does not say. `0-0` is no byte yet. */
function received(response: Response, url: URL, limit: number): number | null {
  const range = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get("range") ?? "");
  if (range === null) return null;
  const last = Number(range[1]);
  const offset = last === 0 ? 0 : last + 1;
  if (offset <= limit) return offset;
  const message = `${shown(url)} claims ${offset} bytes of an upload of which it was sent ${limit}`;
  throw new SessionLost(new OciError("status", message, { remedy: "Look at the registry's own log." }));
}

function nothingKept(url: URL, bytes: number): OciError {
  return new OciError("status", `${shown(url)} took ${bytes} bytes and kept none`, {
    remedy: "Look at the registry's own log.",
  });
}

function locationOf(response: Response, from: URL): URL {
  const location = response.headers.get("location") ?? "";
  if (location !== "" && URL.canParse(location, from.href)) return new URL(location, from);
  throw new OciError(
    "status",
    `${shown(from)} answered ${response.status} without saying where the upload goes`,
    {
      remedy: "Check that the address is that of a registry.",
    },
  );
}

/** The registry's own word on what it stored, where it gives one. */
export function assertStored(response: Response, digest: string, url: URL): void {
  const stored = response.headers.get("docker-content-digest");
  if (stored === null || stored === digest) return;
  throw new OciError("digest", `${shown(url)} stored ${stored.slice(0, 100)}, not ${digest}`, {
    remedy: "Do not use what was pushed: the registry, or something on the way to it, changes what is sent.",
  });
}
