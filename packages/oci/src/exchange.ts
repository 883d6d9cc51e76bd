/** One HTTP request, carefully: redirects do not carry credentials to strangers or leave TLS, and failures have names. */
import { isLoopback, shown } from "./address.ts";
import { textOf } from "./body.ts";
import { OciError, type OciErrorCode } from "./errors.ts";
import { networkError } from "./failures.ts";
import { Transient } from "./retries.ts";
import { BodyFailed, type StreamedBody, transmit, WrongLength } from "./transport.ts";

export { isLoopback } from "./address.ts";

export interface Exchange {
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  headers?: Record<string, string>;
  body?: string | Uint8Array | StreamedBody;
  /** Answers that are not failures besides 2xx. */
  accept?: number[];
  /** Until the headers of the answer are there, from the body's end on; 30 s unless told. */
  answerTimeoutMs?: number;
}

const maxRedirects = 5;
const answerTimeoutMs = 30_000;
/** No byte of a streamed body taken for so long: the connection is dead though nobody says so. */
const silenceTimeoutMs = 30_000;
const passing = new Set([408, 429, 500, 502, 503, 504]);
const agent = "ml-actions";

/** Rejects with `Transient` for what may pass (wrap it in `withRetries`), else with `OciError`. */
export async function exchange(url: URL, request: Exchange = {}): Promise<Response> {
  let target = url;
  // A digest is that of the bytes as they are stored, so they must not be compressed on the way.
  let headers: Record<string, string> = {
    "user-agent": agent,
    "accept-encoding": "identity",
    ...request.headers,
  };
  for (let hop = 0; hop <= maxRedirects; hop++) {
    assertSafe(target);
    const response = await send(target, { ...request, headers });
    const location =
      response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    if (location === null) return judged(response, target, request.accept ?? []);
    await response.body?.cancel();
    const next = nextTarget(location, target);
    // The token is for the registry; the storage that it points to has its own signed URL.
    if (next.origin !== target.origin) headers = withoutCredentials(headers);
    target = next;
  }
  throw new OciError("redirect", `${shown(url)} redirects more than ${maxRedirects} times`, {
    remedy: "Look at the server's configuration: it redirects in a circle.",
  });
}

function assertSafe(url: URL): void {
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return;
  throw new OciError("redirect", `${shown(url)} is not https:`, {
    remedy: "Use https:; plain http: is taken for this machine (127.0.0.1, localhost) alone.",
  });
}

function nextTarget(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) {
    throw new OciError("redirect", `${shown(from)} redirects to what is no URL`, {
      remedy: "Look at the server's configuration.",
    });
  }
  return new URL(location, from);
}

function withoutCredentials(headers: Record<string, string>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !/^(authorization|cookie|x-amz-.*)$/i.test(name));
  return Object.fromEntries(kept);
}

async function send(url: URL, request: Exchange & { headers: Record<string, string> }): Promise<Response> {
  const { method = "GET", headers, body } = request;
  const limits = { silenceMs: silenceTimeoutMs, answerMs: request.answerTimeoutMs ?? answerTimeoutMs };
  try {
    return await transmit(url, { method, headers, body }, limits);
  } catch (cause) {
    if (cause instanceof BodyFailed) throw cause.cause;
    if (cause instanceof WrongLength) throw unstable(url, cause);
    if (cause instanceof OciError) throw cause;
    const failure = networkError(url, cause);
    throw failure.code === "proxy" ? failure : new Transient(failure);
  }
}

function unstable(url: URL, cause: Error): OciError {
  return new OciError("digest", `what should be sent to ${shown(url)} gave ${cause.message}`, {
    cause,
    remedy: "Leave the file alone while it is sent, and run it again.",
  });
}

const byStatus: Record<number, { code: OciErrorCode; remedy: string }> = {
  401: {
    code: "unauthorized",
    remedy: "Give credentials that it takes: `username` and `password`, or `docker login` in a step before.",
  },
  403: {
    code: "denied",
    remedy:
      "Grant these credentials the right to read, or to write what is pushed (on ghcr.io: `packages: write`).",
  },
  404: { code: "not-found", remedy: "Check the name; a registry may also hide what one may not see." },
  429: { code: "rate-limited", remedy: "Wait, or log in: limits are higher for known users." },
};

async function judged(response: Response, url: URL, accepted: number[]): Promise<Response> {
  const { status } = response;
  if (response.ok || accepted.includes(status)) return response;
  const said = await excerpt(response, url);
  const { code, remedy } = byStatus[status] ?? { code: "status", remedy: "Look at the server's own log." };
  const error = new OciError(code, `${shown(url)} answered ${status}${said}`, { remedy });
  if (!passing.has(status)) throw error;
  throw new Transient(error, retryAfterMs(response));
}

/** What the server says about it, on one line: of a registry's own JSON of errors, the words for people. */
async function excerpt(response: Response, url: URL): Promise<string> {
  const text = await textOf(response, url).catch(() => "");
  const plain = (messagesOf(text) ?? text).replace(/[\p{Cc}\s]+/gu, " ").trim();
  return plain === "" ? "" : `: ${plain.length > 300 ? `${plain.slice(0, 300)}…` : plain}`;
}

/** `{"errors": [{"message": …}]}` (distribution-spec, "Error codes"); null for anything else. */
function messagesOf(text: string): string | null {
  try {
    const { errors } = JSON.parse(text);
    const messages = errors.map(({ message }: { message: unknown }) => message);
    return messages.every((one: unknown) => typeof one === "string" && one !== "")
      ? messages.join("; ")
      : null;
  } catch {
    return null;
  }
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterMs(response: Response): number {
  const value = response.headers.get("retry-after");
  if (value === null) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
