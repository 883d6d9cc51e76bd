/** A caller's body: gathered when it is small, so that it can be sent again and copied; streamed when it is not. */
import type { IncomingMessage } from "node:http";

/** Bodies up to this size are gathered before a release hears of the request, so a caller that sends slowly holds
 * nothing but its own connection. A prediction of 100 rows with 20 features is about 40 kB. */
export const gatheredLimitBytes = 256 * 1024;

/** Bodies up to this size are mirrored. */
export const mirroredLimitBytes = 1024 * 1024;

/** Calls `then` with the body, or with null when it is to be streamed; never when the caller goes away before. */
export function gather(request: IncomingMessage, then: (body: Buffer | null) => void): void {
  const length = request.headers["content-length"];
  if (request.headers["transfer-encoding"] !== undefined) {
    then(null);
    return;
  }
  const expected = length === undefined ? 0 : Number(length);
  if (expected === 0) {
    then(Buffer.alloc(0));
    return;
  }
  if (expected > gatheredLimitBytes) {
    then(null);
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => then(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
}

/** Listens in on a streamed body without slowing it; calls `then` at its end with a copy, or null when it was over
 * the limit. */
export function overhear(request: IncomingMessage, then: (copy: Buffer | null) => void): void {
  let chunks: Buffer[] | null = [];
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mirroredLimitBytes) chunks = null;
    chunks?.push(chunk);
  });
  request.on("end", () => then(chunks === null ? null : Buffer.concat(chunks)));
}
