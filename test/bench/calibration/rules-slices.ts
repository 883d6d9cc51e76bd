/** Ten slices at once, with Holm's procedure and without. */
import { xoshiro128 } from "@ml-actions/gates/random/xoshiro";
import { askAll, percent } from "./rules-asking.ts";
import { classifiers, type Pair, rankers, sliced } from "./rules-models.ts";

const count = 10;
const rowsEach = 500;
const prevalence = 0.3;
/** In one slice of the ten. */
const drop = 0.1;

export function slices(runs: number): string {
  const lines = (
    [
      ["f1", classifiers],
      ["auc", rankers],
    ] as const
  ).map(([metric, models]) => {
    const equal = Array<Pair>(count - 1).fill(models(prevalence, 0));
    const shares = simulate(metric, runs, [models(prevalence, drop), ...equal]);
    return `| \`${metric}{slice=*} >= baseline\` | ${Object.values(shares).map(percent).join(" | ")} |`;
  });
  return `### Ten slices of ${rowsEach} rows, \`refute\`

In nine slices both models are equally good, and the gate leaves no margin, which is where errors are most frequent. In the
tenth the candidate is worse by ${drop}.

| gate | any of the nine wrongly fails, each alone at 95 % | with Holm's procedure | the worse one is found, alone | with Holm's procedure |
|---|---|---|---|---|
${lines.join("\n")}`;
}

function simulate(metric: string, runs: number, parts: readonly Pair[]) {
  const random = xoshiro128(parts.length, metric.length, 7);
  const shares = { wrongAlone: 0, wrongInFamily: 0, foundAlone: 0, foundInFamily: 0 };
  for (let run = 0; run < runs; run++) {
    const evaluation = sliced(parts.map((part) => part.draw(random, rowsEach)));
    const found = askAll(`${metric}{slice=*} >= baseline [refute]`, evaluation);
    const family = found.map(({ verdict }) => verdict === "fail");
    // The interval shown is that of the question alone.
    const alone = found.map(({ interval, bound }) => interval !== null && interval[1] < (bound as number));
    shares.wrongAlone += alone.slice(1).includes(true) ? 1 / runs : 0;
    shares.wrongInFamily += family.slice(1).includes(true) ? 1 / runs : 0;
    shares.foundAlone += alone[0] ? 1 / runs : 0;
    shares.foundInFamily += family[0] ? 1 / runs : 0;
  }
  return shares;
}
