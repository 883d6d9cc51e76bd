/** A proxy of this process between real callers and two releases whose handlers a test sets. */
import { createHash } from "node:crypto";
import { Agent, type IncomingMessage, type RequestListener, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { RolloutCounts } from "../counts.ts";
import { createProxy } from "../proxy.ts";
import { Routing } from "../routing.ts";
import { type TestUpstream, testUpstream } from "./upstream.ts";

export const timeoutMs = 1_500;

export interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  raw: string[];
  text: string;
}

export interface Call {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/** Answers with what arrived. */
export const echo: RequestListener = async (incoming, response) => {
  const body = await bodyOf(incoming).catch(() => null);
  if (body === null) return;
  response.writeHead(200, { "content-type": "application/json", "x-many": ["a", "b"] });
  const { method, url, headers } = incoming;
  response.end(JSON.stringify({ method, url, headers, sha: shaOf(body) }));
};

export const shaOf = (body: Buffer | string) => createHash("sha256").update(body).digest("hex");

export async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not come about");
    await sleep(5);
  }
}

export interface ProxyBench {
  routing: Routing;
  port: number;
  stable: TestUpstream;
  candidate: TestUpstream;
  /** What each release does with a request; `echo` at first. */
  on: { stable: RequestListener; candidate: RequestListener };
  call(options?: Call): Promise<Answer>;
  /** Writes bytes and resolves with all that comes back until the connection ends. */
  raw(bytes: string | Buffer): Promise<string>;
  close(): void;
}

export async function createProxyBench(): Promise<ProxyBench> {
  const on = { stable: echo, candidate: echo };
  const stable = await testUpstream("sha256:stable", (q, s) => on.stable(q, s), timeoutMs);
  const candidate = await testUpstream("sha256:candidate", (q, s) => on.candidate(q, s), timeoutMs);
  const routing = new Routing();
  routing.setSides(stable, candidate);
  routing.counts = new RolloutCounts(stable.digest, candidate.digest);
  const proxy = createProxy({ routing, probeToken: "secret", timeoutMs });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  const callers = new Agent({ keepAlive: true });
  return {
    routing,
    port,
    stable,
    candidate,
    on,
    call: (options = {}) => call(port, callers, options),
    raw: (bytes) => raw(port, bytes),
    close: () => {
      callers.destroy();
      proxy.closeAllConnections();
      proxy.close();
      stable.close();
      candidate.close();
    },
  };
}

function call(port: number, agent: Agent, { method = "POST", path = "/predict", headers = {}, body }: Call) {
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = request({ port, method, path, headers, agent }, async (answer) => {
      try {
        const text = (await bodyOf(answer)).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, raw: answer.rawHeaders, text });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function raw(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(text));
    socket.on("error", () => resolve(text));
  });
}

/** The counts without their histograms. */
export function countsOf(routing: Routing) {
  const { routed, mirrored, mirrorDropped, left } = routing.counts.report();
  const short = ({ requests, errors, nan }: { requests: number; errors: number; nan: number | null }) => ({
    requests,
    errors,
    nan,
  });
  return {
    stable: short(routed.stable),
    candidate: short(routed.candidate),
    mirrored: { stable: short(mirrored.stable), candidate: short(mirrored.candidate) },
    mirrorDropped,
    left,
  };
}
