import type { SideCounts } from "@ml-actions/gates/types";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ProcessCounts } from "./process-counts.ts";
import { nothing } from "./tally.ts";

const counted = (requests: number, bounds = [10, 100]): SideCounts => ({
  requests,
  errors: 0,
  nan: null,
  latency: { boundsMs: bounds, counts: [requests, ...bounds.map(() => 0)] },
  scores: null,
});
const seen = (requests: number, process: number | null = 7) => ({ process, counts: counted(requests) });

test("a process that started later is another, also when it counted more than the one before", () => {
  const pod = new ProcessCounts(seen(100), false);
  expect(pod.take(seen(130))).toBe("same");
  expect(pod.take(seen(500, 60))).toBe("restarted");
  expect(pod.counts).toMatchObject({ requests: 530, latency: { counts: [530, 0, 0] } });
  pod.take(seen(501, 60));
  expect(pod.counts.requests).toBe(531);
});

test("a start that wavers by a second is the same process", () => {
  const pod = new ProcessCounts(seen(100, 7), true);
  expect(pod.take(seen(101, 8))).toBe("same");
  expect(pod.take(seen(102, 7.2))).toBe("same");
  expect(pod.counts.requests).toBe(102);
});

test("without a start, counters that fell began anew", () => {
  const pod = new ProcessCounts(seen(100, null), false);
  expect(pod.take(seen(30, null))).toBe("restarted");
  expect(pod.counts.requests).toBe(30);
});

test("several processes behind one address are ambiguous, and nothing is counted of them", () => {
  const workers = new ProcessCounts(seen(100, 7), false);
  expect(() => workers.take(seen(90, 7))).toThrow(expect.objectContaining({ code: "ambiguous" }));
  expect(workers.counts.requests).toBe(0);
  workers.take(seen(91, 7));
  expect(workers.counts.requests).toBe(1);
  workers.take(seen(500, 30));
  expect(() => workers.take(seen(95, 7))).toThrow(/started 23 s before/);
  expect(workers.counts.requests).toBe(501);
});

test("buckets that change are ambiguous", () => {
  const pod = new ProcessCounts(seen(100), false);
  expect(() => pod.take({ process: 7, counts: counted(110, [10, 50]) })).toThrow(
    expect.objectContaining({ code: "ambiguous", message: expect.stringContaining("2 buckets up to 50") }),
  );
});

test("a histogram that begins with the first request was empty before", () => {
  const pod = new ProcessCounts({ process: 7, counts: nothing }, false);
  pod.take(seen(3));
  expect(pod.counts).toEqual({ ...counted(3) });
});

test("what is counted is what was served, whatever restarts there were, when every process is seen at its end", () => {
  const lives = fc.array(fc.array(fc.nat(50), { minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(lives, fc.boolean(), (processes, fromNothing) => {
      const first = processes[0]?.[0] ?? 0;
      const pod = new ProcessCounts(seen(first, 0), fromNothing);
      for (const [index, steps] of processes.entries()) {
        let total = 0;
        for (const step of steps) {
          total += step;
          pod.take(seen(total, index * 10));
        }
      }
      const served = processes.flat().reduce((sum, step) => sum + step, 0);
      expect(pod.counts.requests).toBe(served - (fromNothing ? 0 : first));
    }),
  );
});
