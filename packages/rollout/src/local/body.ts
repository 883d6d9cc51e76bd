/** A caller's body: gathered when it is small, so that it can be sent again and copied; streamed when it is not. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Budget } from "./budget.ts";

/** Bodies up to this size are gathered before a release hears of the request, so a caller that sends slowly holds
 * nothing but its own connection. A prediction of 100 rows with 20 features is about 40 kB. */
export const gatheredLimitBytes = 256 * 1024;

/** Bodies up to this size are mirrored. */
export const mirroredLimitBytes = 1024 * 1024;

/** Calls `then` with the body, or with null when it is to be streamed: also where no more may be held. Never when the
 * caller goes away before. What is held is given back when `response` is over. */
export function gather(
  request: IncomingMessage,
  response: ServerResponse,
  budget: Budget,
  then: (body: Buffer | null) => void,
): void {
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
  if (expected > gatheredLimitBytes || !budget.take(expected)) {
    then(null);
    return;
  }
  response.once("close", () => budget.give(expected));
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => then(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
}

/** Listens in on a streamed body without slowing it; calls `then` at its end with a copy, or with why there is none. */
export function overhear(
  request: IncomingMessage,
  budget: Budget,
  then: (copy: Buffer | "tooLarge" | "busy") => void,
): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let without: "tooLarge" | "busy" | null = null;
  const forget = () => {
    budget.give(bytes);
    chunks = [];
    bytes = 0;
  };
  request.on("data", (chunk: Buffer) => {
    if (without !== null) return;
    if (bytes + chunk.length > mirroredLimitBytes) without = "tooLarge";
    else if (!budget.take(chunk.length)) without = "busy";
    if (without !== null) return forget();
    bytes += chunk.length;
    chunks.push(chunk);
  });
  request.on("end", () => {
    const copy = without ?? Buffer.concat(chunks);
    forget();
    then(copy);
  });
  // Of a caller who leaves in the middle there is no end.
  request.on("close", forget);
}
