import { describe, expect, it } from "vitest";
import { evaluate } from "../evaluate.ts";
import { parseGates } from "../language.ts";
import { decisionRules, type Verdict } from "../types.ts";
import { kindsOfBadData } from "./bad-data.testing.ts";
import type { Evaluation } from "./evaluation.ts";
import { goodData, type Models, metricsOf, tasks } from "./good-data.testing.ts";

/** Verdicts by metric name. */
function ask(gates: readonly string[], evaluation: Evaluation, rule: Verdict["rule"]) {
  const { verdicts } = evaluate(parseGates(gates.join("\n")), evaluation, { rule, confidence: 0.95 });
  return verdicts.map(({ gate, verdict, reason, observed, interval }) => {
    // Every verdict says why, and has no number that is none.
    expect(reason, gate).toMatch(/\S.*[.?]$/);
    expect(
      [observed, ...(interval ?? [])].some((value) => Number.isNaN(value)),
      gate,
    ).toBe(false);
    return `${gate}: ${verdict}`;
  });
}

const taskRules = tasks.flatMap((task) => decisionRules.map((rule) => ({ task, rule })));

describe.each(taskRules)("every metric for $task models under $rule", ({ task, rule }) => {
  const asked = metricsOf(task);
  const good = goodData(task);

  it("passes a lenient gate on good data, so that what follows is the bad data's doing", () => {
    const gates = asked.flatMap((one) => [one.gate(), ...(one.relative === null ? [] : [one.relative])]);
    expect(ask(gates, good, rule)).toEqual(gates.map((gate) => `${gate}: pass`));
  });

  const kinds = kindsOfBadData.filter((kind) => kind.tasks.includes(task) && kind.rules.includes(rule));
  it.each(kinds)("has no pass where $what", ({ spoil, touches, verdict }) => {
    const touched = asked.filter(touches);
    expect(touched).not.toEqual([]);
    const gates = touched.flatMap((one) => [one.gate(), ...(one.relative === null ? [] : [one.relative])]);
    const found = ask(gates, spoil(good), rule);
    if (verdict === "no pass") {
      expect(found.filter((line) => line.endsWith(": pass"))).toEqual([]);
    } else {
      expect(found).toEqual(gates.map((gate) => `${gate}: ${verdict}`));
    }
  });

  const { baseline: _, ...alone } = good;
  const spoiltScores = good.baseline.with(5, Number.NaN);
  it.each<{ what: string; evaluation: Evaluation }>([
    { what: "is not there", evaluation: alone },
    {
      what: "has no latency and a NaN",
      evaluation: { ...good, baseline: spoiltScores, latencyMs: { candidate: good.latencyMs.candidate } },
    },
    { what: "is metrics that lack it", evaluation: { ...alone, baseline: { metrics: {} } } },
    { what: "is metrics of NaN", evaluation: { ...alone, baseline: { metrics: every(asked, Number.NaN) } } },
    {
      what: "is metrics of infinity",
      evaluation: { ...alone, baseline: { metrics: every(asked, Infinity) } },
    },
  ])("has no pass against a baseline that $what", ({ evaluation }) => {
    const compared = asked.filter(({ name, metric, relative }) => {
      // Times and NaN are the candidate's own, whatever the baseline's scores.
      const own = name === "nan_rate" && evaluation.baseline instanceof Float64Array;
      return !own && (relative !== null || metric.comparesModels === true);
    });
    const gates = compared.map((one) => one.relative ?? one.gate());
    expect(ask(gates, evaluation, rule)).toEqual(gates.map((gate) => `${gate}: inconclusive`));
  });

  it.each(["{s=z}", "{t=x}", "{s=rare}", "{t=*}", "{constructor=x}"])(
    "has no pass for a slice %s",
    (slice) => {
      // One NaN is a fact however few the rows: nan_rate is judged on the 9 rows of the slice.
      const compared = asked.filter(({ name }) => !(name === "nan_rate" && slice === "{s=rare}"));
      const gates = compared.map((one) => one.gate(slice));
      expect(ask(gates, good, rule)).toEqual(gates.map((gate) => `${gate}: inconclusive`));
    },
  );
});

function every(asked: readonly { name: string }[], value: number): Record<string, number> {
  return Object.fromEntries(asked.map(({ name }) => [name, value]));
}

it("a baseline's metric named as a thing that every object has is not there", () => {
  const good: Models = goodData("binary");
  const { baseline: _, ...alone } = good;
  const metrics = Object.create({ f1: 0.1 }) as Record<string, number>;
  expect(ask(["f1 >= baseline - 0.5"], { ...alone, baseline: { metrics } }, "estimate")).toEqual([
    "f1 >= baseline - 0.5: inconclusive",
  ]);
});

describe("what is missing is counted in what the metric rests on:", () => {
  const settle = (gate: string, evaluation: Evaluation) =>
    evaluate(parseGates(gate), evaluation, { rule: "prove", confidence: 0.95 }).verdicts[0]?.settle;

  it("queries of a ranking", () => {
    const { slices: _, ...ranking } = goodData("ranking");
    const few = { ...ranking, groups: Int32Array.from(ranking.labels, (__, i) => i % 20) };
    expect(settle("mrr >= 0.1", few)).toBe("need 30 queries, have 20");
  });

  it("what rows are worth where they have weights", () => {
    const good = goodData("binary");
    // n equal weights are worth n rows, and what is beside them next to nothing.
    const weights = good.labels.map((_, i) => (i < 20 ? 1 : 1e-9));
    expect(settle("accuracy >= 0.1", { ...good, weights })).toBe("need 30 effective rows, have 20");
    const skewed = good.labels.map((label, i) => (label === 0 ? 1 : i < 12 ? 1 : 1e-9));
    expect(settle("recall >= 0.1", { ...good, weights: skewed })).toBe(
      "need 10 positive effective rows, have 6",
    );
  });

  it("and not in positives where the baseline is what is missing", () => {
    const { baseline: _, ...good } = goodData("binary");
    const few = { ...good, labels: good.labels.map((__, i) => (i < 5 ? 1 : 0)) };
    expect(settle("agreement >= 0.5", few)).toBeUndefined();
  });
});
