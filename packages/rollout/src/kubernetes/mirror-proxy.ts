/**
 * The mirroring proxy: stands where a Service sends its requests, passes each to stable's own Service, and copies a share
 * of them to the candidate. The proxy of target `local`, between callers and pods of others: it speaks for nobody.
 */
import { Agent, createServer, type IncomingMessage, type Server, request as send } from "node:http";
import { connect, createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Budget } from "../local/budget.ts";
import { RolloutCounts } from "../local/counts.ts";
import { type Address, type Upstream, upstreamTimeoutMs } from "../local/exchange.ts";
import { createProxy } from "../local/proxy.ts";
import { Routing } from "../local/routing.ts";
import type { MirrorSettings } from "./mirror-proxy-settings.ts";

/** A connection to a Service stays with one pod: new ones find pods that have come since. */
const renewMs = 10_000;
/** How long a request may take is between its caller and stable. */
const patientMs = 3_600_000;
const askReadyEveryMs = 300;

/** A Service of the cluster as an upstream. */
export class ServiceUpstream implements Upstream {
  readonly digest: string;
  readonly #host: string;
  readonly #port: number;
  #agent = freshAgent();
  #renewedAt = performance.now();
  underWay = 0;

  /** @param digest for the counts */
  constructor(digest: string, host: string, port: number) {
    this.digest = digest;
    this.#host = host;
    this.#port = port;
  }

  address(): Address {
    if (performance.now() - this.#renewedAt > renewMs) this.renew();
    return { host: this.#host, port: this.#port, agent: this.#agent };
  }

  /** Connections in use end with their answer, the others now. */
  renew(): void {
    const old = this.#agent;
    this.#agent = freshAgent();
    this.#renewedAt = performance.now();
    old.maxFreeSockets = 0;
    for (const sockets of Object.values(old.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  enter(): void {
    this.underWay += 1;
  }

  leave(): void {
    this.underWay -= 1;
  }
}

const freshAgent = () => new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: renewMs });

export interface RunningProxy {
  /** By port as the settings have them: where each listens. */
  ports: ReadonlyMap<number, number>;
  /** Bytes of bodies that are held, and requests under way to either side. */
  held(): { bytes: number; stable: number; candidate: number };
  counts(): RolloutCounts;
  /** Serves on for the time that others need to hear of it, every answer the last of its connection; resolves when the
   * last connection has ended. */
  drain(): Promise<void>;
  /** At once. */
  stop(): void;
}

/** Resolves when all ports listen. `listen`: on which port in place of one, for tests. */
export async function serveMirror(
  settings: MirrorSettings,
  listen: (port: number) => number = (port) => port,
): Promise<RunningProxy> {
  const state = { closing: false };
  const budget = new Budget();
  const stable = new ServiceUpstream("stable", settings.stable, settings.httpPort);
  const candidate = new ServiceUpstream("candidate", settings.candidate, settings.httpPort);
  const routing = new Routing();
  routing.setSides(stable, candidate);
  routing.setMirror(settings.percent);
  routing.counts = new RolloutCounts(stable.digest, candidate.digest);
  const http = createProxy({
    ...{ routing, budget, probeToken: null, between: true, closing: () => state.closing },
    ...{ timeoutMs: patientMs, copyTimeoutMs: upstreamTimeoutMs },
  });
  http.on("upgrade", (request, socket, head) => upgrade(settings, request, socket as Socket, head));
  const own = readiness(settings, routing);
  const servers = new Map<number, TcpServer>([
    [settings.httpPort, http],
    ...settings.tcpPorts.map((port) => [port, passing(settings.stable, port)] as const),
    [settings.readyPort, own.server],
  ]);
  for (const [port, server] of servers) await listening(server, listen(port));
  own.begin();
  const ports = new Map([...servers].map(([port, server]) => [port, portOf(server)]));
  return {
    ports,
    held: () => ({ bytes: budget.heldBytes, stable: stable.underWay, candidate: candidate.underWay }),
    counts: () => routing.counts,
    async drain() {
      state.closing = true;
      await sleep(settings.drainMs);
      own.server.closeAllConnections();
      await Promise.all([...servers.values()].map(closed));
    },
    stop() {
      own.server.closeAllConnections();
      http.closeAllConnections();
      for (const server of servers.values()) server.close();
      own.end();
    },
  };
}

/** What is no HTTP/1.1 request any more passes as it is, to stable alone: its like cannot be copied. */
function upgrade(
  { stable, httpPort }: MirrorSettings,
  request: IncomingMessage,
  caller: Socket,
  head: Buffer,
): void {
  const lines = [`${request.method} ${request.url} HTTP/1.1`];
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
  }
  const server = connect({ host: stable, port: httpPort }, () => {
    server.write(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  });
  join(caller, server);
}

/** A port that does not serve predictions. */
function passing(host: string, port: number): TcpServer {
  return createTcpServer({ allowHalfOpen: true }, (caller) => {
    join(caller, connect({ host, port, allowHalfOpen: true }));
  });
}

function join(caller: Socket, server: Socket): void {
  caller.on("error", () => server.destroy());
  server.on("error", () => caller.destroy());
  // Of a side that has ended in order, what it said last is still on its way to the other.
  caller.on("close", () => server.destroySoon());
  server.on("close", () => caller.destroySoon());
  caller.pipe(server).pipe(caller);
}

/** Ready once stable has answered through its Service; from then on stable's readiness is Kubernetes' business. */
function readiness({ stable, httpPort, readyPath }: MirrorSettings, routing: Routing) {
  const state = { ready: false, ended: false };
  const look = async () => {
    while (!state.ready && !state.ended) {
      state.ready = await answers({ host: stable, port: httpPort, path: readyPath });
      await sleep(askReadyEveryMs);
    }
  };
  const server: Server = createServer((request, response) => {
    if (request.url === "/metrics") response.end(metrics(routing));
    else response.writeHead(request.url === "/alive" || state.ready ? 200 : 503).end();
  });
  return {
    server,
    begin: () => void look(),
    end() {
      state.ended = true;
    },
  };
}

/** Any answer will do: it proves the way, and that HTTP/1.1 is spoken there. */
function answers(of: { host: string; port: number; path: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = send({ ...of, agent: false, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(true);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
}

function metrics(routing: Routing): string {
  const { mirrored, mirrorDropped } = routing.counts.report();
  const lines = [
    "# TYPE ml_mirror_copies_total counter",
    `ml_mirror_copies_total ${mirrored.candidate.requests}`,
    "# TYPE ml_mirror_copies_failed_total counter",
    `ml_mirror_copies_failed_total ${mirrored.candidate.errors}`,
    "# TYPE ml_mirror_dropped_total counter",
    `ml_mirror_dropped_total{reason="busy"} ${mirrorDropped.busy}`,
    `ml_mirror_dropped_total{reason="too_large"} ${mirrorDropped.tooLarge}`,
  ];
  return `${lines.join("\n")}\n`;
}

function listening(server: TcpServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

const portOf = (server: TcpServer) => (server.address() as { port: number }).port;

const closed = (server: TcpServer) => new Promise<void>((resolve) => server.close(() => resolve()));
