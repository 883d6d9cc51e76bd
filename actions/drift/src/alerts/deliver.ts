/**
 * Posts JSON to a receiver of alerts, carefully: its address or key is a secret and stands in no message, a redirect is
 * not followed (it would carry the secret elsewhere), and what may pass is tried again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "@ml-actions/action-kit/action";

export interface Delivery {
  /** `Slack`: how messages name the receiver. */
  receiver: string;
  /** May be a secret. */
  url: string;
  body: object;
  /** What must not be shown, whatever the receiver answers. */
  secrets: readonly string[];
  /** What to do when it refuses, by status; else a general word. */
  remedies: Readonly<Record<number, string>>;
}

export interface Patience {
  /** For one answer. */
  timeoutMs: number;
  firstDelayMs: number;
  /** The most that a `Retry-After` is waited for. */
  maxDelayMs: number;
  signal?: AbortSignal;
}

const patience: Patience = { timeoutMs: 15_000, firstDelayMs: 500, maxDelayMs: 30_000 };
const maxRetries = 3;
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
const mostCharactersQuoted = 200;
/** Of an answer, however long it is. */
const mostBytesRead = 4096;

/** @throws UserError naming the receiver and what to do, after up to three further attempts */
export async function deliver(delivery: Delivery, given: Partial<Patience> = {}): Promise<void> {
  const settings = { ...patience, ...given };
  for (let retry = 0; ; retry++) {
    const failure = await attempt(delivery, settings);
    if (failure === null) return;
    if (!failure.passing || retry === maxRetries) throw failureOf(delivery, failure, retry);
    // Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
    const jitterMs = Math.random() * settings.firstDelayMs * 2 ** retry;
    const waitMs = Math.min(settings.maxDelayMs, Math.max(jitterMs, failure.retryAfterMs));
    await sleep(waitMs, undefined, { signal: settings.signal });
  }
}

interface Failure {
  /** Null: no answer. */
  status: number | null;
  said: string;
  passing: boolean;
  retryAfterMs: number;
}

async function attempt({ url, body }: Delivery, { timeoutMs, signal }: Patience): Promise<Failure | null> {
  try {
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json", "user-agent": "ml-actions" },
      body: JSON.stringify(body),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    const said = await excerpt(response);
    if (response.ok) return null;
    const { status } = response;
    return { status, said, passing: passing.has(status), retryAfterMs: retryAfterMs(response) };
  } catch (error) {
    signal?.throwIfAborted();
    return { status: null, said: reasonOf(error), passing: true, retryAfterMs: 0 };
  }
}

function failureOf({ receiver, secrets, remedies }: Delivery, failure: Failure, retries: number): UserError {
  const { status } = failure;
  const said = secrets.reduce((text, secret) => text.replaceAll(secret, "***"), failure.said);
  const tried = retries === 0 ? "" : ` (${retries + 1} attempts)`;
  if (status === null) {
    return new UserError(`The alert did not reach ${receiver}: ${said}${tried}.`, {
      remedy: "Look at the address and at the network of this runner.",
    });
  }
  const redirected = status >= 300 && status < 400;
  const remedy = redirected
    ? "Give the address that it redirects to, if that is the right one: an alert is not sent on to where a stranger points."
    : (remedies[status] ?? "Look at what it says, and at its own status page.");
  const quote = said === "" ? "" : `: ${JSON.stringify(said)}`;
  return new UserError(`The alert did not reach ${receiver}: it answered ${status}${quote}${tried}.`, {
    remedy,
  });
}

/** The beginning of what the receiver says, on one line; the rest is not waited for. */
async function excerpt(response: Response): Promise<string> {
  if (response.body === null) return "";
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of response.body) {
      pieces.push(Buffer.from(piece));
      bytes += piece.length;
      // Leaving the loop cancels the rest.
      if (bytes >= mostBytesRead) break;
    }
  } catch {
    // A status was given: that the words broke off changes nothing.
  }
  const text = Buffer.concat(pieces)
    .toString("utf8")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
  return text.length > mostCharactersQuoted ? `${text.slice(0, mostCharactersQuoted)}…` : text;
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterMs({ headers }: Response): number {
  const value = headers.get("retry-after");
  if (value === null) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return code || (cause instanceof Error ? cause.message : error.message);
}
