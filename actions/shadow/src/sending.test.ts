import { Agent, createServer, type IncomingMessage, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { Side } from "./join.ts";
import type { ReplayRequest } from "./replay-requests.ts";
import type { OneSide } from "./replayed-answers.ts";
import { type Answering, type Pace, Sending } from "./sending.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Who was asked for which request, in order. */
const asked: string[] = [];
type Answer = (
  request: IncomingMessage,
  times: number,
) => { status?: number; body?: string; hangUp?: boolean; delayMs?: number };

async function serverOf(side: Side, answer: Answer): Promise<Answering> {
  const times = new Map<string, number>();
  const server = createServer((request, response) => {
    const id = String(request.headers["x-request-id"]);
    asked.push(`${side} ${id}`);
    times.set(id, (times.get(id) ?? 0) + 1);
    request.resume().on("end", () => {
      const {
        status = 200,
        body = '{"predictions":[1]}',
        hangUp,
        delayMs = 0,
      } = answer(request, times.get(id) as number);
      if (hangUp) request.socket.destroy();
      else setTimeout(() => response.writeHead(status, { "x-ml-nan-rows": "0" }).end(body), delayMs);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const agent = new Agent();
  return { address: () => ({ port, agent }), hurry: () => {}, whenReady: async () => {} };
}

async function* requestsOf(count: number): AsyncGenerator<ReplayRequest> {
  for (let index = 0; index < count; index += 1) yield { id: `r${index}`, version: "v1", body: "{}" };
}

async function sent(count: number, answers: Partial<Record<Side, Answer>> = {}, pace: Partial<Pace> = {}) {
  asked.length = 0;
  const fine: Answer = () => ({});
  const processes = {
    stable: await serverOf("stable", answers.stable ?? fine),
    candidate: await serverOf("candidate", answers.candidate ?? fine),
  };
  const deadline = Date.now() + 10_000;
  const sending = new Sending(processes, {
    deadline,
    rate: null,
    signal: new AbortController().signal,
    ...pace,
  });
  const found = new Map<string, Record<Side, OneSide>>();
  const { notes } = await sending.sendAll(requestsOf(count), (request, both) => {
    found.set(request.id, both);
  });
  return { found, notes, sending };
}

describe("sending", () => {
  it("asks both sides for each request once, and who is asked first takes turns", async () => {
    const { found, notes } = await sent(40);
    expect(found.size).toBe(40);
    expect([...asked].sort()).toEqual([...new Set(asked)].sort());
    expect(asked).toHaveLength(80);
    const first = (side: Side) =>
      Array.from({ length: 40 }, (_, index) => asked.indexOf(`${side} r${index}`));
    const stableFirst = first("stable").filter((at, index) => at < (first("candidate")[index] as number));
    expect(stableFirst.length).toBeGreaterThan(8);
    expect(stableFirst.length).toBeLessThan(32);
    expect(notes.join()).toMatch(/requests a second went to both sides, 4 at a time/);
  });

  it("counts a failure, and asks once more whether it is the answer", async () => {
    const { found } = await sent(2, {
      candidate: (request, times) =>
        request.headers["x-request-id"] === "r1" || times === 1 ? { status: 500, body: "{}" } : {},
    });
    const moment = found.get("r0") as Record<Side, OneSide>;
    expect([moment.candidate.first.status, moment.candidate.settled.status]).toEqual([500, 200]);
    expect(found.get("r1")?.candidate.settled.status).toBe(500);
    expect(asked.filter((line) => line === "stable r0")).toHaveLength(1);
  });

  it("takes a connection that breaks, and a body that is no JSON, for what they are", async () => {
    const { found } = await sent(2, {
      stable: (request) => (request.headers["x-request-id"] === "r0" ? { hangUp: true } : { body: "{" }),
    });
    expect(found.get("r0")?.stable.first).toMatchObject({ status: null, json: undefined });
    expect(found.get("r1")?.stable.first).toMatchObject({ status: 200, json: undefined });
  });

  it("keeps to a rate, and says when it could not", async () => {
    const began = performance.now();
    const { notes } = await sent(31, {}, { rate: 100 });
    expect(performance.now() - began).toBeGreaterThan(295);
    expect(notes).toEqual([]);
    // 64 at a time that take a tenth of a second are 640 a second at most.
    const slow: Answer = () => ({ delayMs: 100 });
    const late = await sent(5_000, { stable: slow }, { rate: 5_000, deadline: Date.now() + 1_200 });
    expect(late.notes.join()).toMatch(/could not keep up with the 5000 asked for/);
  });

  it("ends when the time is over or the run is cancelled", async () => {
    const over = await sent(10_000, {}, { rate: 50, deadline: Date.now() + 300 });
    expect(over.found.size).toBeLessThan(40);
    await expect(sent(10_000, {}, { signal: AbortSignal.timeout(200) })).rejects.toThrow();
    const began = performance.now();
    const never: Answer = () => ({ delayMs: 20_000 });
    await expect(sent(9, { candidate: never }, { signal: AbortSignal.timeout(200) })).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it("warms both sides up with requests of which nothing is kept", async () => {
    const { sending } = await sent(0);
    await sending.warmUp(requestsOf(100));
    expect(asked.filter((line) => line.startsWith("candidate warm-up-"))).toHaveLength(20);
    expect(asked.filter((line) => line.startsWith("stable warm-up-"))).toHaveLength(20);
  });
});
