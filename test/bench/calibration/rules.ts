/** How often `estimate`, `refute` and `prove` are wrong about pairs of models whose true quality is known. */
import { hashText, xoshiro128 } from "@ml-actions/gates/random/xoshiro";
import { ask, percent } from "./rules-asking.ts";
import { classifiers, type Pair, rankers } from "./rules-models.ts";
import { outliers } from "./rules-outliers.ts";
import { slices } from "./rules-slices.ts";

const margin = 0.02;
const rowCounts = [200, 500, 1000, 2000, 5000];
const prevalences = [0.05, 0.3, 0.5];

/** Shares of runs. `prove` fails exactly when `refute` does, for a gate that is asked alone. */
interface Shares {
  naiveFails: number;
  fails: number;
  proves: number;
}

export async function section(runs: number): Promise<string> {
  return [
    introduction(runs),
    table("F1, two classifiers that err on 15 % of each class", "f1", runs, classifiers),
    table("AUC, two rankers of AUC .760", "auc", runs, rankers),
    slices(runs),
    outliers(runs),
  ].join("\n\n");
}

function introduction(runs: number): string {
  const known = (100 * Math.sqrt((0.05 * 0.95) / runs)).toFixed(1);
  return `## Decision rules

Each gate is \`<metric> >= baseline - ${margin}\` at 95 %, both models judged on the same rows; ${runs.toLocaleString("en-US")} runs a cell, which know
a share of 5 % to ${known} % (one standard error). \`estimate\` is the naive rule.

- *Equal*: two equally good models, which ought to pass. \`refute\` promises to block them in at most 5 % of runs; what
  \`prove\` does not pass it leaves undecided.
- *Worse by the margin*: the candidate lies just beyond the bound, where errors are most frequent. \`prove\` promises to pass
  it in at most 5 % of runs.
- *Worse by twice the margin*: it ought to be stopped. \`refute\` promises nothing here: it blocks what is proven bad.

With fewer than ten positives \`refute\` and \`prove\` are inconclusive.`;
}

function table(
  title: string,
  metric: string,
  runs: number,
  pair: (prevalence: number, drop: number) => Pair,
): string {
  const lines = prevalences.flatMap((prevalence) => {
    const drops = [0, margin, 2 * margin].map((drop) => pair(prevalence, drop));
    return rowCounts.map((n) => {
      const [equal, edge, worse] = drops.map((models, i) =>
        simulate(metric, models, n, runs, [hashText(title), prevalence * 100, n, i]),
      ) as [Shares, Shares, Shares];
      const cells = [
        ...[equal.naiveFails, equal.fails, equal.proves],
        ...[1 - edge.naiveFails, edge.proves],
        ...[1 - worse.naiveFails, 1 - worse.fails, worse.proves],
      ];
      return `| ${100 * prevalence} % | ${n.toLocaleString("en-US")} | ${cells.map(percent).join(" | ")} |`;
    });
  });
  return `### ${title}

| positives | rows | equal: \`estimate\` blocks | \`refute\` blocks | \`prove\` passes | worse by the margin: \`estimate\` passes | \`prove\` passes | worse by twice the margin: \`estimate\` passes | \`refute\` does not block | \`prove\` passes |
|---|---|---|---|---|---|---|---|---|---|
${lines.join("\n")}`;
}

function simulate(metric: string, models: Pair, n: number, runs: number, seeds: readonly number[]): Shares {
  const random = xoshiro128(...seeds);
  const gate = `${metric} >= baseline - ${margin}`;
  const shares = { naiveFails: 0, fails: 0, proves: 0 };
  for (let run = 0; run < runs; run++) {
    const { verdict, observed, bound } = ask(gate, models.draw(random, n));
    // A sample without positives has no F1, which no rule passes.
    shares.naiveFails += observed === null || bound === null || observed < bound ? 1 / runs : 0;
    shares.fails += verdict === "fail" ? 1 / runs : 0;
    shares.proves += verdict === "pass" ? 1 / runs : 0;
  }
  return shares;
}
