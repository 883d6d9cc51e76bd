import { describe, expect, it } from "vitest";
import type { Asked } from "./ask.ts";
import { ContractTest } from "./contract-test.ts";
import { type Layout, ReplayedAnswers } from "./replayed-answers.ts";

const classes: Layout = { width: 2, classes: ["low", "high"] };
const plain: Layout = { width: 1, classes: null };
const asked = (status: number | null, predictions: unknown = [], nanRows = 0): Asked => ({
  status,
  json: status === 200 ? { predictions } : undefined,
  ms: 5,
  nanRows,
});

function answersOf(layout: Layout, both: readonly [Asked, Asked][]) {
  const answers = new ReplayedAnswers(layout, new ContractTest(["v1"], null));
  both.forEach(([stable, candidate], index) => {
    const sides = {
      stable: { first: stable, settled: stable },
      candidate: { first: candidate, settled: candidate },
    };
    answers.record({ id: `r${index}`, version: "v1", body: "{}" }, sides);
  });
  return answers;
}

describe("replayed answers", () => {
  it("are put in the order of stable's classes, whatever theirs is, and no class stands for another", () => {
    const { join } = answersOf(classes, [
      [asked(200, [{ low: 0.1, high: 0.9 }]), asked(200, [{ high: 0.8, low: 0.2, tall: 0 }])],
      [asked(200, [{ low: 0.1, high: 0.9 }]), asked(200, [{ low: 0.2, tall: 0.8 }])],
      [asked(200, [{ low: 0.1, high: 0.9 }]), asked(200, [null])],
    ]).result(3, 0.95);
    const nan = Number.NaN;
    expect([...join.compared().scores.candidate]).toEqual([0.2, 0.8, 0.2, nan, nan, nan]);
  });

  it("count failures and NaN as a proxy would, and compare what both answered", () => {
    const { counts, tally, sent } = answersOf(plain, [
      [asked(200, [1]), asked(200, [2])],
      [asked(200, [1]), asked(500)],
      [asked(200, [1]), asked(null)],
      [asked(200, [1]), asked(400)],
      [asked(400), asked(400)],
      [asked(503), asked(200, [null], 1)],
    ]).result(6, 0.95);
    expect(counts).toMatchObject({
      ok: true,
      stable: { requests: 6, errors: 1, nan: 0 },
      candidate: { requests: 6, errors: 2, nan: 1 },
    });
    expect(tally).toMatchObject({ eligible: 4, compared: 1, unanswered: 3 });
    expect(sent).toBe(6);
  });

  it("lack those that there was no time for", () => {
    const { tally } = answersOf(plain, [[asked(200, [1]), asked(200, [2])]]).result(10, 0.95);
    expect(tally).toMatchObject({ eligible: 10, compared: 1, unanswered: 9 });
  });
});
