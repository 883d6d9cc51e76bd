/** What passes the proxy, and what belongs to one connection only. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** RFC 9110, section 7.6.1, with the older names that still occur. `expect` was answered by this server already. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/** Set by the proxy itself; a caller's own would speak for it. */
const ours = new Set(["x-request-id", "x-ml-probe", "x-ml-release", "x-forwarded-proto", "x-forwarded-host"]);

/** Between a caller's own proxies and a release, what both say of themselves passes. */
const oursBetween = new Set(["x-request-id", "x-ml-probe"]);

/** Names that a `Connection` header must not be able to remove: they frame or address the message. */
const kept = new Set(["host", "content-length", "content-type"]);

/** An id that is safe in logs, headers and file names; anything else is replaced. */
const requestIdPattern = /^[A-Za-z0-9._:@/+=-]{1,128}$/;

/** The caller's `x-request-id` when it is one safe token, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && requestIdPattern.test(given) ? given : randomUUID();
}

/** Flat list of names and values for the upstream. `bodyLength` null: the body is streamed as the caller framed it.
 * `between`: see `ProxyOptions`. */
export function upstreamHeaders(
  request: IncomingMessage,
  requestId: string,
  bodyLength: number | null,
  between = false,
): string[] {
  const set = (name: string) => name === "x-forwarded-for" || name === "content-length";
  const list = passing(request, set, between ? oursBetween : ours);
  const before = request.headers["x-forwarded-for"];
  const from = request.socket.remoteAddress ?? "unknown";
  list.push("x-forwarded-for", before === undefined ? from : `${String(before)}, ${from}`);
  list.push("x-request-id", requestId);
  if (request.headers.host === undefined) list.push("host", "localhost");
  if (!between) {
    list.push("x-forwarded-proto", "http");
    if (request.headers.host !== undefined) list.push("x-forwarded-host", request.headers.host);
  }
  const length = request.headers["content-length"];
  if (bodyLength !== null) {
    const bare =
      bodyLength === 0 && length === undefined && request.method !== "POST" && request.method !== "PUT";
    if (!bare) list.push("content-length", String(bodyLength));
  } else if (length !== undefined) list.push("content-length", length);
  else list.push("transfer-encoding", "chunked");
  return list;
}

/** Flat list of names and values for the caller. `digest` null: who answered says itself who it is. */
export function downstreamHeaders(
  answer: IncomingMessage,
  requestId: string,
  digest: string | null,
): string[] {
  const list = passing(answer, () => false, digest === null ? oursBetween : ours);
  list.push("x-request-id", requestId);
  if (digest !== null) list.push("x-ml-release", digest);
  return list;
}

function passing(
  message: IncomingMessage,
  leaveOut: (name: string) => boolean,
  ours: ReadonlySet<string>,
): string[] {
  const named = namedByConnection(message.headers.connection);
  const list: string[] = [];
  const raw = message.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    if (hopByHop.has(name) || ours.has(name) || leaveOut(name)) continue;
    if (named?.has(name) && !kept.has(name)) continue;
    list.push(raw[i] as string, raw[i + 1] as string);
  }
  return list;
}

/** null for the two values nearly every message has: this runs for every request. */
function namedByConnection(connection: string | undefined): Set<string> | null {
  if (connection === undefined || connection === "keep-alive" || connection === "close") return null;
  return new Set(connection.split(",").map((token) => token.trim().toLowerCase()));
}
