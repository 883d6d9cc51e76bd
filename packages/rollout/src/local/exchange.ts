/** One request to one release, for a caller's request and for its mirrored copy alike. */
import { Agent, type ClientRequest, type IncomingMessage, request as send } from "node:http";

/** Silence from a release after which the caller gets 504. */
export const upstreamTimeoutMs = 30_000;

/** Where a release answers now; null while its process restarts. */
export interface Address {
  /** Left out: this machine. */
  host?: string;
  port: number;
  agent: Agent;
}

/** A release as the proxy sees it. `enter` and `leave` bracket a request: a process is stopped only when none is in. */
export interface Upstream {
  readonly digest: string;
  address(): Address | null;
  enter(): void;
  leave(): void;
}

export type Failure = "restarting" | "refused" | "reset" | "timeout";

export interface Exchange {
  method: string;
  path: string;
  headers: string[];
  /** A buffer can be sent twice; a stream cannot, and gets a connection of its own that no earlier use can have spoilt. */
  body: Buffer | IncomingMessage;
  timeoutMs: number;
}

/** Exactly one of them is called, once. */
export interface Reply {
  answered(answer: IncomingMessage): void;
  failed(failure: Failure): void;
}

/** Connections that are kept for reuse; `timeoutMs` of silence ends one, in use or not. */
export function keepAliveAgent(timeoutMs: number): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1024, maxFreeSockets: 256, timeout: timeoutMs });
}

/** Sends; returns the means to give up, after which neither reply is called. Throws TypeError for a path or header
 * that HTTP cannot carry. */
export function exchange(upstream: Upstream, sent: Exchange, reply: Reply): () => void {
  let current: ClientRequest | null = null;
  let done = false;
  const settle = (act: () => void) => {
    if (done) return;
    done = true;
    act();
  };
  const attempt = (fresh: boolean) => {
    const address = upstream.address();
    if (address === null) {
      settle(() => reply.failed("restarting"));
      return;
    }
    const outgoing = send({
      host: address.host ?? "127.0.0.1",
      port: address.port,
      method: sent.method,
      path: sent.path,
      headers: sent.headers,
      agent: fresh ? false : address.agent,
      timeout: sent.timeoutMs,
    });
    current = outgoing;
    let failure: Failure = "reset";
    let again = false;
    outgoing.on("timeout", () => {
      failure = "timeout";
      outgoing.destroy();
    });
    outgoing.on("response", (answer) => settle(() => reply.answered(answer)));
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") failure = "refused";
      again = failure === "reset" && !fresh && outgoing.reusedSocket && wasReset(error);
    });
    outgoing.on("close", () => {
      if (again && !done) attempt(true);
      else settle(() => reply.failed(failure));
    });
    if (Buffer.isBuffer(sent.body)) outgoing.end(sent.body);
    else sent.body.pipe(outgoing);
  };
  attempt(!Buffer.isBuffer(sent.body));
  return () => {
    done = true;
    current?.destroy();
  };
}

/** A kept connection that the other side closed as we reached for it: no byte of an answer came, so asking again on
 * a new one is safe for a body we still have. */
function wasReset(error: NodeJS.ErrnoException): boolean {
  return error.code === "ECONNRESET" || error.code === "EPIPE";
}
