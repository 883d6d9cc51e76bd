import { describe, expect, it } from "vitest";
import { evaluate } from "../evaluate.ts";
import { parseGate } from "../language.ts";
import type { DecisionRule, VerdictName } from "../types.ts";
import type { Evaluation } from "./evaluation.ts";
import { classifiers, rankers } from "./models.testing.ts";
import { questionsOf } from "./slices.ts";
import { answer } from "./verdicts.ts";

const level = { confidence: 0.95, seed: 0 };

/** Shares of the verdicts of one gate over many samples. */
function shares(
  text: string,
  rule: DecisionRule,
  runs: number,
  make: (seed: number) => Evaluation,
): Record<VerdictName, number> {
  const gate = parseGate(text);
  const counted = { pass: 0, fail: 0, inconclusive: 0 };
  for (let seed = 1; seed <= runs; seed++) {
    const evaluation = make(seed);
    for (const { verdict } of answer(questionsOf([gate], evaluation), evaluation, { rule, ...level })) {
      counted[verdict.verdict] += 1 / runs;
    }
  }
  return counted;
}

describe("two equally good models at 500 rows", () => {
  it("are blocked by the naive rule in about a tenth of samples, by refute hardly ever", () => {
    const [runs, gate] = [400, parseGate("f1 >= baseline - 0.02")];
    let [naive, refuted] = [0, 0];
    for (let seed = 1; seed <= runs; seed++) {
      const evaluation = classifiers(500, seed);
      const questions = questionsOf([gate], evaluation);
      for (const { verdict: found } of answer(questions, evaluation, { rule: "refute", ...level })) {
        const { observed, bound, verdict } = found;
        naive += (observed as number) < (bound as number) ? 1 / runs : 0;
        refuted += verdict === "fail" ? 1 / runs : 0;
      }
    }
    expect(naive).toBeGreaterThan(0.08);
    expect(refuted).toBeLessThan(0.015);
  });
});

describe("a candidate that is worse by exactly the margin", () => {
  // Both rules may err in at most 5 % of samples here, where it is hardest; 300 runs know that to 1.3 %.
  const runs = 300;

  const worseClassifier = (rows: number, seed: number) => classifiers(rows, seed, 0.2, 0.15);
  // Normal scores: AUC = Φ(lift/√2), 0.760250 for lift 1 and 0.707115 for 0.770648.
  const worseRanker = (rows: number, seed: number) => rankers(rows, seed, 0.770648, 1);

  it.each([
    { gate: "accuracy >= baseline - 0.05", rows: 500, make: worseClassifier },
    { gate: "accuracy >= baseline - 0.05", rows: 60, make: worseClassifier },
    { gate: "auc >= baseline - 0.053135", rows: 300, make: worseRanker },
  ])(
    "is proven to keep $gate, or to break it, as rarely as the confidence says at $rows rows",
    ({ gate, rows, make }) => {
      const prove = shares(gate, "prove", runs, (seed) => make(rows, seed));
      expect(prove.pass).toBeLessThan(0.09);
      expect(prove.fail).toBeLessThan(0.09);
      expect(prove.inconclusive).toBeGreaterThan(0.83);
    },
  );
});

describe("the power that is promised", () => {
  it("is had: 80 % of samples of the rows needed prove the margin for equal models", () => {
    const line = evaluate([parseGate("accuracy >= baseline - 0.04")], classifiers(4000, 3), {
      rule: "prove",
      confidence: 0.95,
    }).power[0];
    const rows = line?.rowsNeeded ?? 0;
    // About (1.645 + 0.842)²·0.15/0.04² = 570 rows for 14 % discordant rows.
    expect(rows).toBeGreaterThan(400);
    expect(rows).toBeLessThan(700);
    const proven = shares("accuracy >= baseline - 0.04", "prove", 500, (seed) =>
      classifiers(rows, seed),
    ).pass;
    expect(proven).toBeGreaterThan(0.72);
    expect(proven).toBeLessThan(0.89);
  });
});

describe("an interval", () => {
  const truth = evaluate([], rankers(300_000, 99), { rule: "estimate", confidence: 0.95 }).candidate;

  // 250 runs know a share of 5 % to 1.4 %.
  it.each([
    "f1 >= 0.01",
    "mcc >= baseline",
    "auc >= 0.01",
    "auc >= baseline * 0.9",
    "average_precision >= baseline",
    "log_loss <= baseline",
    "recall >= 0.01",
  ])("of %s errs on either side about as rarely as the confidence says", (text) => {
    const gate = parseGate(text);
    const factor = gate.bound.kind === "baseline" ? gate.bound.factor : 0;
    const runs = 250;
    let [below, above] = [0, 0];
    for (let seed = 1; seed <= runs; seed++) {
      const evaluation = rankers(400, seed);
      const questions = questionsOf([gate], evaluation);
      for (const { verdict } of answer(questions, evaluation, { rule: "refute", ...level })) {
        const { interval, baseline } = verdict;
        const [low, high] = interval as [number, number];
        // Both models are equally good: what is compared is (1 − factor) of the truth, shifted by the baseline seen.
        const target = (1 - factor) * (truth[gate.metric] as number) + factor * (baseline ?? 0);
        below += target < low ? 1 / runs : 0;
        above += target > high ? 1 / runs : 0;
      }
    }
    expect(below).toBeLessThan(0.09);
    expect(above).toBeLessThan(0.09);
    expect(below + above).toBeGreaterThan(0.03);
  });
});
