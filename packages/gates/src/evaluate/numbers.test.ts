import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Evaluation, evaluate } from "../evaluate.ts";
import { parseGates } from "../language.ts";
import type { Numbers } from "../metrics/numbers.ts";
import { xoshiro128 } from "../random/xoshiro.ts";
import type { Task } from "../types.ts";
import { metricsOf, tasks } from "./good-data.testing.ts";
import type { TwoModels } from "./models.testing.ts";

/** Labels that bytes hold, and scores that 32 bits hold, some of them tied; one in `gap` scores is not a number. */
function dataOf(task: Task, seed: number, n: number, gap: number): TwoModels {
  const random = xoshiro128(seed, n);
  const below = (end: number) => Math.floor(random.uniform() * end);
  const classes = { binary: 2, multiclass: 3, regression: 200, ranking: 4 }[task];
  const width = task === "multiclass" ? 3 : 1;
  const score = () => {
    if (gap > 0 && below(gap) === 0) return Number.NaN;
    return below(3) === 0 ? below(8) / 8 : Math.fround(random.uniform());
  };
  const numbers = (length: number, of: () => number) => Float64Array.from({ length }, of);
  return {
    task,
    ...(task === "multiclass" ? { classes: ["a", "b", "c"] } : {}),
    ...(task === "ranking" ? { groups: Int32Array.from({ length: n }, (_, i) => i >> 2) } : {}),
    labels: numbers(n, () => below(classes)),
    candidate: numbers(n * width, score),
    baseline: numbers(n * width, score),
    threshold: 0.4,
    slices: { s: { codes: Int32Array.from({ length: n }, () => below(2)), names: ["x", "y"] } },
  };
}

function everything(evaluation: Evaluation) {
  const gates = metricsOf(evaluation.task)
    .filter(({ name }) => !name.startsWith("latency"))
    .flatMap(({ gate, relative }, i) => [
      i === 0 ? gate("{s=*}") : gate(),
      ...(relative === null ? [] : [relative]),
    ]);
  return evaluate(parseGates(gates.join("\n")), evaluation, { rule: "prove", confidence: 0.95 });
}

const singles = (values: Numbers) => new Float32Array(values);

describe("the same numbers in smaller arrays", () => {
  const asks = fc.record({
    task: fc.constantFrom(...tasks),
    seed: fc.nat(1e6),
    n: fc.constantFrom(0, 1, 40, 400, 2500),
    gap: fc.constantFrom(0, 0, 0, 500),
  });

  it("have the same verdicts, figures and intervals to the last bit", () => {
    fc.assert(
      fc.property(asks, ({ task, seed, n, gap }) => {
        const data = dataOf(task, seed, n, gap);
        const [candidate, baseline] = [singles(data.candidate), singles(data.baseline)];
        const expected = everything(data);
        expect(everything({ ...data, labels: new Uint8Array(data.labels), candidate, baseline })).toEqual(
          expected,
        );
        expect(everything({ ...data, labels: singles(data.labels), baseline })).toEqual(expected);
      }),
      { seed: 11, numRuns: 12 },
    );
  });

  it("and so has a missing label, which a byte cannot hold", () => {
    const data = dataOf("binary", 1, 400, 0);
    const labels = data.labels.with(7, Number.NaN);
    expect(everything({ ...data, labels: singles(labels) })).toEqual(everything({ ...data, labels }));
  });
});
