/** `score_drift`: how often it is wrong, how soon it is right, and what a band around pooled scores would have said. */
import { type Behaviour, healthy } from "../../../packages/gates/src/judge/traffic.testing.ts";
import type { Wealth } from "../../../packages/gates/src/judge.ts";
import { pooledBand } from "./judge-peeking.ts";
import {
  confidence,
  evening,
  everProven,
  everRefuted,
  median,
  observations,
  type Play,
  share,
  wealthOf,
} from "./judge-traffic.ts";

const gate = "score_drift <= 0.1";
/** Normal logits whose means are d standard deviations apart have the distance 2Φ(d/2) − 1. */
const apart = { ".1": 0.2513, ".2": 0.5067, ".3": 0.7706 };

const scored =
  (shift: number, trend: number) =>
  (second: number): Behaviour => ({ ...healthy, scores: { mean: shift + trend * evening(second), sd: 1 } });

export function scoreTable(runs: number): string {
  const lines: [string, Play, "right" | "edge" | "wrong"][] = [
    ["equal", { stable: scored(0, 0), candidate: scored(0, 0) }, "right"],
    [
      "equal, scores two deviations higher in the evening",
      { stable: scored(0, 2), candidate: scored(0, 2) },
      "right",
    ],
    ["at the bound, .1 apart", { stable: scored(0, 1), candidate: scored(apart[".1"], 1) }, "edge"],
    [".2 apart", { stable: scored(0, 1), candidate: scored(apart[".2"], 1) }, "wrong"],
    [".3 apart", { stable: scored(0, 1), candidate: scored(apart[".3"], 1) }, "wrong"],
  ];
  return [
    `\`${gate}\`, 12 looks a weight with 250 requests each, at 10, 25 and 50 %; scores with a normal logit, 100 buckets.`,
    "The band is that of Howard & Ramdas around both pooled distributions, refuting when it leaves the bound.",
    "",
    "| candidate's scores | refuted | proven | candidate requests until then, median | refuted by the band |",
    "|---|---|---|---|---|",
    ...lines.map(([name, play, truth], index) => lineOf(name, play, truth, index, runs)),
  ].join("\n");
}

function lineOf(
  name: string,
  play: Play,
  truth: "right" | "edge" | "wrong",
  index: number,
  runs: number,
): string {
  let [refuted, proven, banded] = [0, 0, 0];
  const until: number[] = [];
  for (let run = 0; run < runs; run++) {
    const seen = observations(spaced(play), 400_000_000 + 1_000_000 * index + run);
    const [wealth] = wealthOf(gate, seen);
    if (wealth === undefined) continue;
    refuted += everRefuted(wealth) ? 1 : 0;
    proven += everProven(wealth) ? 1 : 0;
    banded += pooledBand(seen, 0.1, 1 - confidence) ? 1 : 0;
    until.push(truth === "right" ? requestsUntil(wealth, "pass") : requestsUntil(wealth, "fail"));
  }
  const middle = truth === "edge" ? Number.POSITIVE_INFINITY : median(until);
  return `| ${name} | ${share(refuted, runs, truth === "wrong" ? 1 : 0.05)} | ${share(proven, runs, truth === "right" ? 1 : 0.05)} | ${Number.isFinite(middle) ? middle : "–"} | ${share(banded, runs)} |`;
}

/** One look stands for five of the other tables' seconds: buckets are what costs here. */
function spaced(play: Play): Play {
  const every = (behaviour: Play["stable"]) => (look: number) => behaviour(5 * look);
  return {
    stable: every(play.stable),
    candidate: every(play.candidate),
    load: 250,
    weights: [10, 25, 50],
    secondsPerStep: 12,
  };
}

function requestsUntil({ needed, points }: Wealth, which: "pass" | "fail"): number {
  return points.find((point) => point[which] >= needed[which])?.requests ?? Number.POSITIVE_INFINITY;
}
