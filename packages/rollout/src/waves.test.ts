import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planWaves, runWaves, type WaveOptions } from "./waves.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => `r${index}`);

describe("the plan of the waves", () => {
  it("begins with one and doubles", () => {
    expect(planWaves(names(200)).map((wave) => wave.length)).toEqual([1, 2, 4, 8, 16, 32, 64, 73]);
    expect(planWaves(names(1))).toEqual([["r0"]]);
    expect(planWaves([])).toEqual([]);
  });

  it("holds every item once, in its order", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (items) => {
        expect(planWaves(items).flat()).toEqual(items);
      }),
    );
  });
});

describe("the runner of the waves", () => {
  async function play(count: number, options: Partial<WaveOptions<string, string>> = {}) {
    let running = 0;
    let most = 0;
    const begun: string[] = [];
    const outcomes = await runWaves(planWaves(names(count)), {
      maxParallel: 3,
      failed: (result) => result === "bad",
      ...options,
      work: async (item, wave) => {
        begun.push(`${wave}:${item}`);
        most = Math.max(most, ++running);
        await sleep(2);
        try {
          return (await options.work?.(item, wave)) ?? "good";
        } finally {
          running--;
        }
      },
    });
    return { outcomes, begun, most };
  }

  it("runs one alone, then at most so many at once, wave after wave", async () => {
    const { outcomes, begun, most } = await play(12);
    expect(begun.slice(0, 3)).toEqual(["1:r0", "2:r1", "2:r2"]);
    expect(most).toBe(3);
    expect(outcomes.map(({ item }) => item)).toEqual(names(12));
    expect(outcomes.every(({ kind }) => kind === "done")).toBe(true);
  });

  it("begins nothing more once one has failed, and lets those that have begun end", async () => {
    const ended: string[] = [];
    const { outcomes } = await play(15, {
      work: async (item) => {
        if (item === "r3") return "bad";
        await sleep(20);
        ended.push(item);
        return "good";
      },
    });
    const kinds = Object.groupBy(outcomes, ({ kind }) => kind);
    expect(kinds.done?.map(({ item }) => item)).toEqual(["r0", "r1", "r2", "r3", "r4", "r5"]);
    expect(ended).toEqual(["r0", "r1", "r2", "r4", "r5"]);
    expect(kinds["not-begun"]?.map(({ wave }) => wave)).toEqual([3, ...Array(8).fill(4)]);
  });

  it("takes an error for a failure of that one alone", async () => {
    const { outcomes } = await play(3, {
      work: async () => {
        throw new Error("no");
      },
    });
    expect(outcomes).toMatchObject([
      { item: "r0", kind: "broken", error: { message: "no" } },
      { item: "r1", kind: "not-begun" },
      { item: "r2", kind: "not-begun" },
    ]);
  });

  it("begins nothing after it was cancelled", async () => {
    const cancelled = new AbortController();
    const { outcomes } = await play(3, {
      signal: cancelled.signal,
      work: async () => {
        cancelled.abort();
        return "good";
      },
    });
    expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "not-begun", "not-begun"]);
  });
});
