/** Whether one value of 1e6 changes a verdict. */
import type { Evaluation } from "@ml-actions/gates/evaluate";
import { keeps } from "@ml-actions/gates/evaluate/decide";
import { parseGate } from "@ml-actions/gates/language";
import { type Random, xoshiro128 } from "@ml-actions/gates/random/xoshiro";
import { type DecisionRule, decisionRules, type Verdict } from "@ml-actions/gates/types";
import { ask, percent } from "./rules-asking.ts";
import { normals, rankers } from "./rules-models.ts";

const rows = 1000;
const outlier = 1e6;

interface Case {
  gate: string;
  what: string;
  draw: (random: Random) => Evaluation;
  spoil: (evaluation: Evaluation) => Evaluation;
}

function inScores(evaluation: Evaluation): Evaluation {
  return { ...evaluation, candidate: evaluation.candidate.with(0, outlier) };
}

function inTimes(evaluation: Evaluation): Evaluation {
  if (evaluation.latencyMs === undefined) return evaluation;
  const { candidate } = evaluation.latencyMs;
  return { ...evaluation, latencyMs: { ...evaluation.latencyMs, candidate: candidate.with(0, outlier) } };
}

const cases: readonly Case[] = [
  ...["auc >= baseline - 0.02", "f1 >= baseline - 0.02"].map((gate) => ({
    gate,
    what: "a score",
    draw: (random: Random) => rankers(0.3, 0.02).draw(random, rows),
    spoil: inScores,
  })),
  ...["latency.p50 <= 21ms", "latency.p95 <= 52ms", "latency.p99 <= baseline * 1.2"].map((gate) => ({
    gate,
    what: "a time in ms",
    draw: latencies,
    spoil: inTimes,
  })),
  ...["mae <= baseline * 1.1", "rmse <= baseline * 1.1"].map((gate) => ({
    gate,
    what: "a prediction",
    draw: values,
    spoil: inScores,
  })),
];

/** Log-normal times around 20 ms, p95 about 46 ms. */
function latencies(random: Random): Evaluation {
  const times = () => normals(random, rows).map((z) => 20 * Math.exp(0.5 * z));
  const nothing = new Float64Array(rows);
  return {
    task: "regression",
    labels: nothing,
    candidate: nothing,
    threshold: 0,
    latencyMs: { candidate: times(), baseline: times() },
  };
}

/** What each rule makes of the same interval. */
function verdictsOf({ verdict, observed, bound, gate }: Verdict): Record<DecisionRule, string> {
  const { comparison } = parseGate(gate);
  const kept = keeps(comparison, observed as number, bound as number);
  return { estimate: kept ? "pass" : "fail", refute: verdict === "fail" ? "fail" : "pass", prove: verdict };
}

function values(random: Random): Evaluation {
  const labels = normals(random, rows).map((z) => 100 + 20 * z);
  const model = () => normals(random, rows).map((z, i) => (labels[i] as number) + 5 * z);
  return { task: "regression", labels, candidate: model(), baseline: model(), threshold: 0 };
}

export function outliers(runs: number): string {
  const lines = cases.map(({ gate, what, draw, spoil }) => {
    const random = xoshiro128(gate.length, rows);
    const changed = { estimate: 0, refute: 0, prove: 0 };
    for (let run = 0; run < runs; run++) {
      const clean = draw(random);
      const spoilt = spoil(clean);
      const [before, after] = [verdictsOf(ask(gate, clean)), verdictsOf(ask(gate, spoilt))];
      for (const rule of decisionRules) changed[rule] += before[rule] !== after[rule] ? 1 / runs : 0;
    }
    return `| \`${gate}\` | ${what} | ${Object.values(changed).map(percent).join(" | ")} |`;
  });
  return `### One outlier of 1e6 in ${rows.toLocaleString("en-US")} rows

How often it changes the verdict, of candidates so close to the bound that any one row in a thousand may change it now and
then. Ranks, counts and quantiles do not follow it. A mean error does, and should: that model was wrong by a million (whether one
row proves that is what \`refute\` asks besides).

| gate | of 1e6 | \`estimate\` | \`refute\` | \`prove\` |
|---|---|---|---|---|
${lines.join("\n")}`;
}
