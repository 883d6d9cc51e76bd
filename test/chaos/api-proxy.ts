/** Between one runner and the API server, for as long as it is told to misbehave. Nobody else goes through it. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, Agent as TlsAgent, request as tlsRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect } from "@ml-actions/cluster/connect";

/** True: it took the request over. */
export type Trouble = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface ApiProxy {
  /** Path of a kubeconfig that leads through it. */
  kubeconfig: string;
  trouble: Trouble | null;
  /** How many requests met trouble. */
  readonly met: number;
  stop(): Promise<void>;
}

export async function startApiProxy(kubeconfig: string): Promise<ApiProxy> {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-chaos-"));
  const upstream = await connect({ kubeconfig });
  const { headers: identity, ca, cert, key } = await upstream.credentials();
  const agent = new TlsAgent({
    ...{ keepAlive: true, ...(ca !== undefined && { ca }) },
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
  const sockets = new Set<Socket>();
  let met = 0;
  const server = createServer(await certificate(directory), (request, response) => {
    request.on("error", () => {});
    if (proxy.trouble?.(request, response)) {
      met += 1;
      request.resume();
      return;
    }
    const { host: _, ...headers } = request.headers;
    const outgoing = tlsRequest(`${upstream.server}${request.url}`, {
      ...{ agent, method: request.method, headers: { ...headers, ...identity } },
    });
    outgoing.on("error", () => request.socket.destroy());
    outgoing.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    request.pipe(outgoing);
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const own = join(directory, "kubeconfig");
  await writeFile(own, await leadingTo(kubeconfig, `https://127.0.0.1:${port}`), { mode: 0o600 });
  const proxy: ApiProxy = {
    kubeconfig: own,
    trouble: null,
    get met() {
      return met;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return proxy;
}

async function certificate(directory: string): Promise<{ cert: Buffer; key: Buffer }> {
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  const names = ["-subj", "/CN=chaos", "-addext", "subjectAltName=IP:127.0.0.1"];
  const form = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  await promisify(execFile)("openssl", ["req", ...form, ...names, "-keyout", key, "-out", cert]);
  return { cert: await readFile(cert), key: await readFile(key) };
}

async function leadingTo(kubeconfig: string, server: string): Promise<string> {
  const config = JSON.parse(await readFile(kubeconfig, "utf8")) as { clusters: { cluster: object }[] };
  // The case is about the way, not about who is trusted on it: a runner with a wrong clock could not check dates either.
  for (const each of config.clusters) each.cluster = { server, "insecure-skip-tls-verify": true };
  return JSON.stringify(config);
}

const status = (code: number, reason: string) =>
  JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: "chaos" });

export const troubles = {
  429: (_, response) => {
    response.writeHead(429, { "content-type": "application/json", "retry-after": "1" });
    response.end(status(429, "TooManyRequests"));
    return true;
  },
  500: (_, response) => {
    response.writeHead(500, { "content-type": "application/json" }).end(status(500, "InternalError"));
    return true;
  },
  /** Of two writes one, as when others write the same objects all the while. */
  409: (request, response) => {
    if (request.method === "GET" || Math.random() < 0.5) return false;
    response.writeHead(409, { "content-type": "application/json" }).end(status(409, "Conflict"));
    return true;
  },
  outage: (request) => {
    request.socket.destroy();
    return true;
  },
  metricsDown: (request, response) => {
    if (!isMetrics(request)) return false;
    response.writeHead(503, { "content-type": "text/plain" }).end("no healthy upstream");
    return true;
  },
  metricsEmpty: (request, response) => {
    if (!isMetrics(request)) return false;
    response.writeHead(200, { "content-type": "text/plain" }).end("");
    return true;
  },
  metricsNaN: (request, response) => {
    if (!isMetrics(request)) return false;
    const series = ['ml_request_duration_seconds_count{status="200"}', "ml_predictions_total"];
    response.writeHead(200, { "content-type": "text/plain" });
    response.end(`${series.map((each) => `${each} NaN`).join("\n")}\n`);
    return true;
  },
} satisfies Record<string | number, Trouble>;

const isMetrics = ({ url }: IncomingMessage) => /\/proxy\/metrics(\?|$)/.test(url ?? "");
