/** Requests to one API server: who we are there, its clock, and patience, the same for all that is asked. */
import type { ServerClock } from "./clock.ts";
import { ClusterError, plain } from "./error.ts";
import { type Asked, exhausted, refusal, statusOf } from "./failures.ts";
import { Passing, retryAfterMs, withPatience } from "./patience.ts";
import { Readiness } from "./readiness.ts";
import { Recent } from "./recent.ts";
import { type Incoming, shownServer, textOf, Wire } from "./transport.ts";
import type { Connection } from "./types.ts";
import { brokenWay } from "./way.ts";

export interface Question {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query. */
  path: string;
  /** What it is, for messages. */
  asked: Omit<Asked, "connection">;
  contentType?: string;
  body?: unknown;
  /** How long it is tried again; the client's own unless told. */
  patienceMs?: number | undefined;
  /** Tells whether an earlier try may have been done. */
  onTry?: (maybeDone: boolean) => void;
  /** See `Outgoing`. */
  beyond?: boolean;
}

/** One try. Webhooks may take 10 s. */
const silenceMs = 15_000;
/** Lists of pods with all their fields are megabytes. */
const maxBytes = 64 * 1024 * 1024;
const wholeMs = 60_000;

/** Server-side apply of a field that the kind does not have is answered with 500, though nothing failed. */
const isUnknownField = (text: string) => /field not declared in schema/.test(statusOf(text)?.message ?? "");

export class Requests {
  readonly connection: Connection;
  readonly clock: ServerClock;
  readonly signal: AbortSignal | undefined;
  calls = 0;
  readonly patienceMs: number;
  readonly recent = new Recent();
  readonly #wire: Wire;
  readonly #readiness = new Readiness();
  readonly #userAgent: string;
  /** A name that was found once is looked for again; one that never was is a mistake in the kubeconfig. */
  #reached = false;

  constructor(
    connection: Connection,
    options: { patienceMs: number; userAgent: string; clock: ServerClock; signal: AbortSignal | undefined },
  ) {
    this.connection = connection;
    this.clock = options.clock;
    this.signal = options.signal;
    this.#wire = new Wire(connection.server);
    this.patienceMs = options.patienceMs;
    this.#userAgent = options.userAgent;
  }

  /** The JSON of a 2xx. Rejects with `ClusterError` for everything else, after patience where that may help. */
  async json(question: Question): Promise<unknown> {
    return this.#patiently(question, async (incoming) => {
      const text = await this.#text(incoming);
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw this.#stranger(incoming.status, text);
      }
    });
  }

  /** The answer's body, unread. */
  async stream(question: Question): Promise<Incoming> {
    return this.#patiently({ ...question, beyond: true }, async (incoming) => incoming);
  }

  /** One try, and its answer whatever the status. Rejects with `ClusterError` code `unreachable` when there is none. */
  async once(
    outgoing: { method: string; path: string; headers: Record<string, string>; body?: string | undefined },
    limits: { timeoutMs: number; maxBytes: number },
  ): Promise<{ incoming: Incoming; text: string }> {
    try {
      const incoming = await this.#send({ ...outgoing, silenceMs: limits.timeoutMs, beyond: true });
      return { incoming, text: await textOf(incoming, limits.maxBytes, limits.timeoutMs) };
    } catch (cause) {
      throw this.#failureOf(cause).failure;
    }
  }

  close(): void {
    this.#wire.close();
  }

  /** Whether what the server refuses now counts: see readiness.ts. Asks it when that is not known. */
  async refusalCounts(): Promise<boolean> {
    if (this.#readiness.isKnown) return true;
    try {
      const incoming = await this.#send({ method: "GET", path: "/readyz", headers: {}, silenceMs });
      await this.#text(incoming);
      const { status } = incoming;
      return this.#readiness.said(status === 200 ? "ready" : status >= 500 ? "starting" : "hidden");
    } catch (cause) {
      this.#failureOf(cause);
      return false;
    }
  }

  #patiently<T>(question: Question, read: (incoming: Incoming) => Promise<T>): Promise<T> {
    const { method, path, contentType = "application/json", body, beyond = false } = question;
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      ...(content === undefined ? {} : { "content-type": contentType }),
    };
    let renewed = false;
    const attempt = async ({ leftMs, maybeDone }: { leftMs: number; maybeDone: boolean }): Promise<T> => {
      question.onTry?.(maybeDone);
      try {
        // A server that hangs is left in time to ask it again.
        const limitMs = Math.max(500, Math.min(silenceMs, leftMs / 2));
        const outgoing = { method, path, headers, body: content, silenceMs: limitMs, beyond };
        let incoming = await this.#send(outgoing);
        if (incoming.status === 401 && !renewed) {
          renewed = true;
          await this.#text(incoming);
          incoming = await this.#send({ ...outgoing, renew: true });
        }
        if (incoming.status >= 200 && incoming.status < 300) return await read(incoming);
        throw await this.#refused(incoming, question);
      } catch (cause) {
        const failure = this.#failureOf(cause);
        throw failure.again ? new Passing(failure.failure, failure) : failure.failure;
      }
    };
    const { patienceMs = this.patienceMs } = question;
    return withPatience(attempt, {
      ...{ patienceMs, signal: this.signal },
      gaveUp: (last, all) => exhausted(last, question.asked, all),
    });
  }

  async #send(outgoing: {
    method: string;
    path: string;
    headers: Record<string, string>;
    body?: string | undefined;
    silenceMs: number;
    renew?: boolean;
    beyond?: boolean;
  }): Promise<Incoming> {
    const credentials = await this.connection.credentials(
      outgoing.renew === true ? { renew: true } : undefined,
    );
    const sentMs = this.clock.localMs();
    this.calls += 1;
    const incoming = await this.#wire.send(
      {
        ...outgoing,
        headers: { "user-agent": this.#userAgent, ...outgoing.headers },
        signal: this.signal,
      },
      credentials,
    );
    this.#reached = true;
    this.clock.saw(incoming.headers.date, sentMs, this.clock.localMs());
    return incoming;
  }

  #text(incoming: Incoming): Promise<string> {
    return textOf(incoming, maxBytes, wholeMs);
  }

  async #refused(incoming: Incoming, { asked }: Question): Promise<Error> {
    const { status, headers } = incoming;
    const text = await this.#text(incoming);
    if (status >= 300 && status < 400) return this.#stranger(status, text);
    if ((status !== 429 && status < 500) || isUnknownField(text)) {
      const failure = refusal(status, text, { ...asked, connection: this.connection.name });
      const mayPass = status === 401 || status === 403 || failure.code === "no-kind";
      if (!mayPass || (await this.refusalCounts())) return failure;
      return new Passing(failure, { maybeDone: false });
    }
    const words = statusOf(text)?.message || plain(text);
    const failure = this.#unreachable(
      `answered ${status}${words === "" ? "" : `: ${words}`}`,
      undefined,
      status,
    );
    if (status >= 500) this.#readiness.away();
    const waitMs = retryAfterMs(headers["retry-after"], this.clock.now());
    return new Passing(failure, { retryAfterMs: waitMs, maybeDone: status !== 429 });
  }

  #failureOf(cause: unknown): {
    failure: ClusterError;
    again: boolean;
    maybeDone: boolean;
    retryAfterMs: number;
  } {
    const final = { again: false, maybeDone: false, retryAfterMs: 0 };
    if (cause instanceof Passing) {
      const { failure, maybeDone, retryAfterMs } = cause;
      return { failure, again: true, maybeDone, retryAfterMs };
    }
    if (cause instanceof ClusterError) return { ...final, failure: cause };
    this.#readiness.away();
    const { why, remedy, again, maybeDone } = brokenWay(cause, this.#reached);
    return { ...final, failure: this.#unreachable(why, cause, undefined, remedy), again, maybeDone };
  }

  #unreachable(
    why: string,
    cause?: unknown,
    status?: number,
    remedy = "Check that the cluster is up, and the way to it: address, network, proxy.",
  ): ClusterError {
    const { name, server } = this.connection;
    const message = `the API server of ${name} at ${shownServer(server)} cannot be reached: ${why}`;
    return new ClusterError("unreachable", message, { remedy, status, cause });
  }

  #stranger(status: number, text: string): ClusterError {
    const why = `what answers there (status ${status}) is no Kubernetes API: ${plain(text, 80)}`;
    return this.#unreachable(
      why,
      undefined,
      status,
      "Correct `server` in the kubeconfig, or the proxy before it.",
    );
  }
}
