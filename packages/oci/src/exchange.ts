/** One HTTP request, carefully: redirects do not carry credentials to strangers or leave TLS, and failures have names. */
import { OciError, type OciErrorCode } from "./errors.ts";
import { Transient } from "./retries.ts";
import { BodyFailed, type StreamedBody, sendStreamed, WrongLength } from "./streamed.ts";

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

/** A URL for messages and logs: a query may be a signature, a user name a password. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** Whether plain HTTP cannot be overheard there: it does not leave the machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
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
  const timeoutMs = request.answerTimeoutMs ?? answerTimeoutMs;
  try {
    if (typeof body === "object" && "stream" in body) {
      const limits = { silenceMs: silenceTimeoutMs, answerMs: timeoutMs };
      return await sendStreamed(url, { method, headers, body }, limits);
    }
    return await fetchWithin(timeoutMs, url, {
      method,
      redirect: "manual",
      headers,
      // What comes as bytes is a manifest: the copy that fetch's types ask for is small.
      ...(body !== undefined && { body: typeof body === "string" ? body : new Uint8Array(body) }),
    });
  } catch (cause) {
    if (cause instanceof BodyFailed) throw cause.cause;
    if (cause instanceof WrongLength) throw unstable(url, cause);
    throw new Transient(networkError(url, cause));
  }
}

async function fetchWithin(timeoutMs: number, url: URL, request: RequestInit): Promise<Response> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await fetch(url, { ...request, signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}

function unstable(url: URL, cause: Error): OciError {
  return new OciError("digest", `what should be sent to ${shown(url)} gave ${cause.message}`, {
    cause,
    remedy: "Leave the file alone while it is sent, and run it again.",
  });
}

export function networkError(url: URL, cause: unknown): OciError {
  const { message, cause: inner } = cause as Error;
  const why = inner instanceof Error ? inner.message || (inner as NodeJS.ErrnoException).code : message;
  return new OciError("network", `no answer from ${shown(url)}: ${why}`, {
    cause,
    remedy: "Check the address, the network and the proxy, and run it again.",
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
  const said = await excerpt(response);
  const { code, remedy } = byStatus[status] ?? { code: "status", remedy: "Look at the server's own log." };
  const error = new OciError(code, `${shown(url)} answered ${status}${said}`, { remedy });
  if (!passing.has(status)) throw error;
  throw new Transient(error, retryAfterMs(response));
}

/** What the server says about it, on one line: of a registry's own JSON of errors, the words for people. */
async function excerpt(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
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
