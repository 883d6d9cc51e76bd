import fc from "fast-check";
import { expect, it } from "vitest";
import { catalog, findMetric, type Metric, namesFor } from "../catalog.ts";
import { type Evaluation, evaluate } from "../evaluate.ts";
import { parseGates } from "../language.ts";
import { decisionRules, type Task } from "../types.ts";

const tasks: readonly Task[] = ["binary", "multiclass", "regression"];
const strange = fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324, -0);
const usual = fc.double({ min: 0, max: 1, noNaN: true });

function scores(length: number, strangeEvery: number): fc.Arbitrary<Float64Array> {
  const score = fc.oneof({ weight: strangeEvery, arbitrary: usual }, { weight: 1, arbitrary: strange });
  return fc.array(score, { minLength: length, maxLength: length }).map((values) => Float64Array.from(values));
}

const anyEvaluation: fc.Arbitrary<Evaluation> = fc
  .record({
    task: fc.constantFrom(...tasks),
    n: fc.integer({ min: 0, max: 60 }),
    strangeEvery: fc.constantFrom(3, 50, 10_000),
  })
  .chain(({ task, n, strangeEvery }) => {
    const width = task === "multiclass" ? 3 : 1;
    const label =
      task === "regression"
        ? fc.double({ noNaN: true, noDefaultInfinity: true })
        : fc.nat(task === "binary" ? 1 : 2);
    const labels = fc.array(
      fc.oneof({ weight: 200, arbitrary: label }, { weight: 1, arbitrary: fc.constant(Number.NaN) }),
      { minLength: n, maxLength: n },
    );
    const codes = fc.array(fc.integer({ min: -1, max: 1 }), { minLength: n, maxLength: n });
    return fc.record({
      task: fc.constant(task),
      classes: fc.constant(["a", "b", "c"]),
      labels: labels.map((values) => Float64Array.from(values)),
      candidate: scores(n * width, strangeEvery),
      baseline: scores(n * width, strangeEvery),
      threshold: fc.constantFrom(0.5, 0, 1e9),
      slices: codes.map((values) => ({ s: { codes: Int32Array.from(values), names: ["x", "y"] } })),
      latencyMs: fc.record({ candidate: scores(n, strangeEvery), baseline: scores(n, strangeEvery) }),
    });
  });

/** Every gate that can be asked of the task: against the baseline, absolute and by slice. */
function allGates(task: Task): string {
  return namesFor({ place: "offline", task })
    .map((name) => catalog.find((entry) => entry.name === name)?.family?.example ?? name)
    .flatMap((name) => {
      const { better, comparesModels } = findMetric(name) as Metric;
      const bound = name.startsWith("latency") ? "0.5ms" : "0.5";
      const op = better === "higher" ? ">=" : "<=";
      const relative = comparesModels ? [] : [`${name} ${op} baseline * 0.9`];
      return [...relative, `${name} ${op} ${bound}`, `${name}{s=*} ${op} ${bound}`];
    })
    .join("\n");
}

it("any numbers have verdicts with reasons and no number that is none, and NaN scores never pass", () => {
  fc.assert(
    fc.property(anyEvaluation, fc.constantFrom(...decisionRules), (evaluation, rule) => {
      const { verdicts, candidate, baseline, power } = evaluate(
        parseGates(allGates(evaluation.task)),
        evaluation,
        { rule, confidence: 0.95 },
      );
      // JSON turns NaN and infinities into null.
      for (const part of [verdicts, candidate, baseline, power]) {
        expect(JSON.parse(JSON.stringify(part))).toEqual(part);
      }
      const spoilt = !evaluation.candidate.every(Number.isFinite);
      for (const { gate, verdict, reason, settle, interval, observed } of verdicts) {
        expect(reason).toMatch(/[.?]$/);
        expect(reason).not.toMatch(/NaN,|undefined is|null/);
        if (spoilt && !gate.includes("{") && !/^(nan_rate|latency)/.test(gate)) {
          expect([gate, verdict]).toEqual([gate, "fail"]);
        }
        if (verdict === "inconclusive" && observed !== null && interval !== null) {
          expect(settle).toBeDefined();
        }
      }
    }),
    { seed: 8, numRuns: 120 },
  );
});
