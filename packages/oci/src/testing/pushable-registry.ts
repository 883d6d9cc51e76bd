/** A whole registry in this process that takes pushes, wants tokens when told to, and meets faults on demand. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { parseReference } from "../reference.ts";
import { Registry, type RegistryOptions } from "../registry.ts";
import { FakeContent, type FakeOptions } from "./fake-content.ts";
import { serve, type TestServer } from "./fake-registry.ts";
import type { Fault, Forward } from "./faults.ts";

export interface PushableRegistry {
  /** `127.0.0.1:<port>`. */
  host: string;
  content: FakeContent;
  /** Requests so far, `METHOD /path`. */
  lines(): string[];
  /** Asked in order; the first that takes a request over ends the search. */
  faults: Fault[];
  /** Tokens from now on expected, if the registry was started with a password. */
  tokens: { issued: string[][]; revokeAll(): void };
  open(repository?: string, options?: RegistryOptions): Registry;
  close(): Promise<void>;
}

/** `password` is that of the user `robot`; without it everyone may do everything. */
export async function startPushable(
  options: FakeOptions & { password?: string; tokenLifetimeS?: number } = {},
): Promise<PushableRegistry> {
  const content = new FakeContent(options);
  const faults: Fault[] = [];
  const gate =
    options.password === undefined ? null : new Gate(options.password, options.tokenLifetimeS ?? 300);
  const server: TestServer = await serve((request, response) => {
    if (gate?.takesOver(request, response, server.port)) return;
    const forward: Forward = (change = {}) => {
      if (change.headers !== undefined) overrideHeaders(response, change.headers);
      if (change.body !== undefined) overrideBody(response, change.body);
      if (change.cutAfterBytes !== undefined) cutAfter(request, change.cutAfterBytes);
      content.answer(request, response);
    };
    if (!faults.some((fault) => fault(request, response, forward))) forward();
  });
  const host = `127.0.0.1:${server.port}`;
  return {
    host,
    content,
    faults,
    lines: () => server.seen.map(({ line }) => line),
    tokens: { issued: gate?.issued ?? [], revokeAll: () => gate?.revokeAll() },
    open: (repository = "models/flights", clientOptions = {}) =>
      new Registry(parseReference(`${host}/${repository}`), {
        dockerConfig: "/nonexistent",
        ...clientOptions,
      }),
    close: () => server.close(),
  };
}

/** Bearer tokens with scopes, and the server that issues them. */
class Gate {
  /** Scopes of each token, in order. */
  readonly issued: string[][] = [];
  readonly #tokens = new Map<string, Set<string>>();
  readonly #expected: string;
  readonly #lifetimeS: number;

  constructor(password: string, lifetimeS: number) {
    this.#expected = `Basic ${Buffer.from(`robot:${password}`).toString("base64")}`;
    this.#lifetimeS = lifetimeS;
  }

  revokeAll(): void {
    this.#tokens.clear();
  }

  takesOver(request: IncomingMessage, response: ServerResponse, port: number): boolean {
    const url = new URL(request.url ?? "", "http://fake");
    if (url.pathname === "/token") {
      this.#issue(request, response, url);
      return true;
    }
    const name = /^\/v2\/(.+?)\/(?:blobs|manifests|referrers|tags)\//.exec(url.pathname)?.[1] ?? "";
    const action = request.method === "GET" || request.method === "HEAD" ? "pull" : "push";
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    const from = url.searchParams.get("from");
    const needed = [`${name}:${action}`, ...(url.searchParams.has("mount") ? [`${from}:pull`] : [])];
    if (needed.every((scope) => this.#tokens.get(token)?.has(scope))) return false;
    // Some registries challenge everything with the scope of a pull.
    const challenge = `Bearer realm="http://127.0.0.1:${port}/token",service="fake",scope="repository:${name}:pull"`;
    request.resume();
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return true;
  }

  #issue(request: IncomingMessage, response: ServerResponse, url: URL): void {
    if (request.headers.authorization !== this.#expected) {
      response.writeHead(401).end("unknown user");
      return;
    }
    const scopes = url.searchParams.getAll("scope");
    this.issued.push(scopes);
    const allowed = scopes.flatMap((scope) => {
      const [, name = "", actions = ""] = /^repository:(.+):([a-z,]+)$/.exec(scope) ?? [];
      return actions.split(",").map((action) => `${name}:${action}`);
    });
    const token = randomUUID();
    this.#tokens.set(token, new Set(allowed));
    response.end(JSON.stringify({ token, expires_in: this.#lifetimeS }));
  }
}

function overrideHeaders(response: ServerResponse, headers: Record<string, string>): void {
  const writeHead = response.writeHead.bind(response) as (status: number, own?: object) => ServerResponse;
  response.writeHead = ((status: number, own: Record<string, string> = {}) =>
    writeHead(status, { ...own, ...headers })) as typeof response.writeHead;
  const end = response.end.bind(response) as (body?: unknown) => ServerResponse;
  response.end = ((body?: unknown) => {
    if (!response.headersSent) response.writeHead(response.statusCode);
    return end(body);
  }) as typeof response.end;
}

function overrideBody(response: ServerResponse, body: Uint8Array): void {
  const end = response.end.bind(response) as (body?: unknown) => ServerResponse;
  response.end = ((own?: unknown) => {
    if (own === undefined) return end();
    response.setHeader("content-length", body.byteLength);
    return end(body);
  }) as typeof response.end;
}

function cutAfter(request: IncomingMessage, bytes: number): void {
  let seen = 0;
  request.on("data", (chunk: Buffer) => {
    seen += chunk.byteLength;
    if (seen >= bytes) request.socket.destroy();
  });
}
