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
import type { Trouble } from "./troubles.ts";

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
  const pass = (request: IncomingMessage, response: ServerResponse, becomes?: Trouble["becomes"]) => {
    const { host: _, "accept-encoding": encoding, ...rest } = request.headers;
    // What is to be changed must be readable.
    const headers =
      becomes === undefined && encoding !== undefined ? { ...rest, "accept-encoding": encoding } : rest;
    const outgoing = tlsRequest(`${upstream.server}${request.url}`, {
      ...{ agent, method: request.method, headers: { ...headers, ...identity } },
    });
    outgoing.on("error", () => request.socket.destroy());
    outgoing.on("response", (answer) => {
      answer.on("error", () => response.destroy());
      if (becomes !== undefined && answer.statusCode === 200) {
        sendChanged(answer, response, becomes).catch(() => response.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(outgoing);
  };
  const server = createServer(await certificate(directory), (request, response) => {
    request.on("error", () => {});
    const trouble = proxy.trouble?.meets(request) === true ? proxy.trouble : null;
    if (trouble !== null) met += 1;
    if (trouble?.answers === undefined) return pass(request, response, trouble?.becomes);
    trouble.answers(request, response);
    request.resume();
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

async function sendChanged(
  answer: IncomingMessage,
  response: ServerResponse,
  becomes: (text: string) => string,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const { "content-length": _, "transfer-encoding": __, ...headers } = answer.headers;
  response.writeHead(200, headers).end(becomes(Buffer.concat(chunks).toString()));
}
