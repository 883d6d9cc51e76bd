import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Upstream } from "./exchange.ts";
import { keepAliveAgent } from "./exchange.ts";
import { parseScores, SideScores, scrape } from "./scores.ts";

const page = (process: number, ...upTo: number[]) =>
  [
    "# TYPE ml_output_score histogram",
    `ml_output_score_bucket{le="-0.5"} ${upTo[0]}`,
    `ml_output_score_bucket{le="+Inf"} ${upTo[2]}`,
    `ml_output_score_bucket{le="1e-05"} ${upTo[1]}`,
    `ml_output_score_sum 17.5`,
    `ml_output_score_count ${upTo[2]}`,
    `process_start_time_seconds ${process}`,
    "",
  ].join("\n");

function taken(...pages: string[]): SideScores {
  const side = new SideScores();
  for (const text of pages) {
    const seen = parseScores(text);
    if (seen !== null) side.take(seen);
  }
  return side;
}

test("a page of metrics is read bucket by bucket, in the order of the bounds", () => {
  expect(parseScores(page(3, 1, 4, 10))).toEqual({
    process: "3",
    scores: { bounds: [-0.5, 1e-5], counts: [1, 3, 6] },
  });
});

test.each([
  ["", "nothing"],
  ["process_start_time_seconds 3\n", "no scores"],
  [page(3, 1, 4, 10).replace(/^.*\+Inf.*\n/m, ""), "no last bucket"],
  [page(3, 1, 4, 10).replace(/^process.*\n/m, ""), "no process"],
  [page(3, 1, 4, 10).replace("} 4", "} NaN").replace("} 1\n", "} -1\n"), "no counts"],
])("a page without what is needed is no answer", (text) => {
  expect(parseScores(text)).toBeNull();
});

test("scores count from the first question on", () => {
  expect(new SideScores().counts()).toBeNull();
  expect(taken(page(3, 100, 200, 300)).counts()?.counts).toEqual([0, 0, 0]);
  expect(taken(page(3, 100, 200, 300), page(3, 101, 203, 310)).counts()?.counts).toEqual([1, 2, 7]);
});

test("a process that was replaced goes on counting where it stood, and nothing is counted twice", () => {
  const side = taken(page(3, 10, 10, 10), page(3, 15, 15, 15), page(9, 2, 2, 3), page(9, 4, 4, 5));
  expect(side.counts()?.counts).toEqual([9, 0, 1]);
  const twice = taken(page(3, 10, 10, 10), page(9, 2, 2, 2), page(12, 5, 5, 5));
  expect(twice.counts()?.counts).toEqual([7, 0, 0]);
});

test("an answer with other buckets counts nothing: it cannot be added", () => {
  const side = taken(page(3, 0, 0, 0), page(3, 8, 8, 8), page(9, 5, 5, 5).replace("-0.5", "-0.7"));
  expect(side.counts()).toEqual({ bounds: [-0.5, 1e-5], counts: [8, 0, 0] });
});

test("an answer that was overtaken by a later one counts nothing", () => {
  const overtaken = [page(3, 0, 0, 0), page(3, 8, 8, 8), page(3, 5, 5, 5)];
  expect(taken(...overtaken).counts()?.counts).toEqual([8, 0, 0]);
  expect(taken(...overtaken, page(3, 9, 9, 9)).counts()?.counts).toEqual([9, 0, 0]);
});

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function asked(handler: RequestListener): Promise<unknown> {
  server = createServer(handler);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const address = { port: (server.address() as AddressInfo).port, agent: keepAliveAgent(1000) };
  const upstream: Upstream = { digest: "", address: () => address, enter: () => {}, leave: () => {} };
  return scrape(upstream);
}

test("a server is asked over HTTP; one that hangs, fails or floods is no answer within a second", async () => {
  expect(await asked((_, response) => response.end(page(3, 1, 1, 1)))).toMatchObject({ process: "3" });
  expect(await asked((_, response) => response.writeHead(500).end(page(3, 1, 1, 1)))).toBeNull();
  expect(await asked((_, response) => response.end("x".repeat(5_000_000) + page(3, 1, 1, 1)))).toBeNull();
  expect(await asked((request) => request.socket.destroy())).toBeNull();
  const before = performance.now();
  expect(await asked(() => {})).toBeNull();
  expect(performance.now() - before).toBeLessThan(2_500);
  expect(await scrape(null)).toBeNull();
});
