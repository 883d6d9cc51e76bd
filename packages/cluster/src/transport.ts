/** One HTTP request to the API server. node:https and not client-node's own clients, which drop the fields that they do
 * not know and read bodies without a bound. */
import { Agent, type IncomingMessage, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { ClusterError } from "./error.ts";
import { proxyOptions } from "./proxy.ts";
import type { Credentials } from "./types.ts";

export interface Outgoing {
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body?: string | undefined;
  /** Until the answer's headers are there, and between any two pieces of its body. */
  silenceMs: number;
  /** Until the body's last byte; not for what is streamed. */
  wholeMs?: number;
  signal?: AbortSignal | undefined;
  /** Who answers is behind the API server, and may take its time. */
  beyond?: boolean;
}

type Way = "objects" | "beyond";

export interface Incoming {
  status: number;
  headers: Record<string, string>;
  body: IncomingMessage;
}

/** How many connections one process keeps to one API server, of each kind. */
const maxSockets = 64;

/** Connections to one server, kept while the credentials of the connection itself (not its headers) stay the same. Those
 * to what is behind it are others: pods that hang keep no lease from being renewed. */
export class Wire {
  readonly #server: URL;
  readonly #agents: Record<Way, { key: string; agent: Agent } | null> = { objects: null, beyond: null };

  /** Throws `ClusterError` code `kubeconfig` when `server` is no URL, or plain HTTP beyond this machine. */
  constructor(server: string) {
    const url = URL.canParse(server) ? new URL(server) : null;
    const local = url !== null && /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(url.hostname);
    if (url === null || !(url.protocol === "https:" || (url.protocol === "http:" && local))) {
      throw new ClusterError("kubeconfig", `the cluster's server is no https: URL: ${shownServer(server)}`, {
        remedy:
          "Correct `server` in the kubeconfig; plain http: is taken for this machine (127.0.0.1) alone.",
      });
    }
    this.#server = url;
  }

  /** Resolves when the answer's headers are there. Rejects with `ClusterError` code `kubeconfig` when the credentials
   * cannot be used at all, else with what broke the connection. */
  async send(outgoing: Outgoing, credentials: Credentials): Promise<Incoming> {
    const { method, path, headers, body, silenceMs, signal } = outgoing;
    const secure = this.#server.protocol === "https:";
    const base = this.#server.pathname.replace(/\/+$/, "");
    const request = (secure ? tlsRequest : plainRequest)({
      protocol: this.#server.protocol,
      hostname: this.#server.hostname.replace(/^\[|\]$/g, ""),
      port: this.#server.port || (secure ? 443 : 80),
      method,
      path: `${base}${path}`,
      // No token leaves this machine in clear text; kubectl sends none either.
      headers: { ...headers, ...(secure ? credentials.headers : {}), ...lengthOf(body) },
      agent: this.#agentFor(credentials, secure, outgoing.beyond === true ? "beyond" : "objects"),
      ...(signal === undefined ? {} : { signal }),
    });
    const { promise, resolve, reject } = Promise.withResolvers<Incoming>();
    // A request that waits for its proxy has no connection yet whose silence it could tell.
    const timer = setTimeout(() => {
      const silent = new Silent(`no answer for ${Math.round(silenceMs)} ms`);
      request.destroy(silent);
      reject(silent);
    }, silenceMs);
    request.on("error", reject);
    request.on("close", () => reject(new Error("the connection was closed without an answer")));
    request.on("response", (message) => {
      message.setTimeout(silenceMs, () =>
        message.destroy(new Silent(`nothing more for ${Math.round(silenceMs)} ms`)),
      );
      resolve({ status: message.statusCode ?? 0, headers: singleHeaders(message), body: message });
    });
    request.end(body);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends all connections, also those in use. */
  close(): void {
    for (const kept of Object.values(this.#agents)) {
      // Those that wait for a connection would be given a new one.
      for (const waiting of Object.values(kept?.agent.requests ?? {}))
        for (const request of waiting ?? []) request.destroy();
      kept?.agent.destroy();
    }
  }

  #agentFor(credentials: Credentials, secure: boolean, way: Way): Agent {
    const { ca, cert, key, servername, insecure, proxy } = credentials;
    const cacheKey = JSON.stringify([ca, cert, key, servername, insecure, proxy]);
    const known = this.#agents[way];
    if (known?.key === cacheKey) return known.agent;
    known?.agent.destroy();
    const pool = { keepAlive: true, maxSockets, ...proxyOptions(proxy) };
    const tls = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
      rejectUnauthorized: insecure !== true,
    };
    const agent = secure ? new TlsAgent({ ...pool, ...tls }) : new Agent(pool);
    this.#agents[way] = { key: cacheKey, agent };
    return agent;
  }
}

/** Nothing was heard for so long. */
export class Silent extends Error {}

/** The body as text. Rejects with `ClusterError` code `too-large`, or with what broke the connection. */
export async function textOf({ body }: Incoming, maxBytes: number, wholeMs: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => body.destroy(new Silent(`no end of the answer for ${wholeMs} ms`)), wholeMs);
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > maxBytes) {
        throw new ClusterError("too-large", `the answer is larger than ${maxBytes} bytes`, {
          remedy: "Ask for less: a narrower selector, a smaller page.",
        });
      }
    }
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
  return Buffer.concat(chunks).toString("utf8");
}

function lengthOf(body: string | undefined): Record<string, string> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
}

function singleHeaders({ headers }: IncomingMessage): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : (value ?? ""),
  ]);
  return Object.fromEntries(entries);
}

/** A server for messages: without what may be a password. */
export function shownServer(server: string): string {
  if (!URL.canParse(server)) return JSON.stringify(server.slice(0, 80));
  const { protocol, host, pathname } = new URL(server);
  return `${protocol}//${host}${pathname.replace(/\/$/, "")}`;
}
