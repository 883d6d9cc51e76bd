/** Where canary analysis by ranks of points passes what it should not. */

import { healthy, randomFrom } from "../../../packages/gates/src/judge/traffic.testing.ts";
import { judge } from "../../../packages/gates/src/judge.ts";
import { parseGates } from "../../../packages/gates/src/language.ts";
import { decisionRules, type Observation } from "../../../packages/gates/src/types.ts";
import { confidence, everProven, everRefuted, observations, share, wealthOf } from "./judge-traffic.ts";

/** spinnaker/spinnaker#6278: the candidate is 100 times worse in 7 of 10 points, and the analysis passes. */
export function sevenOfTen(runs: number): string {
  const bad = (second: number) => second % 10 < 7;
  const slow = (second: number) => ({ ...healthy, medianMs: bad(second) ? 2000 : 20 });
  const failing = (second: number) => ({ ...healthy, errors: bad(second) ? 0.2 : 0.002 });
  const lines = [
    ["latency, 100 times slower", "latency.p99 <= baseline * 1.5", slow],
    ["failures, 100 times as many", "error_rate <= baseline + 0.01", failing],
  ] as const;
  return [
    "Ten points of ten seconds each at 10 %, 100 requests a second.",
    "",
    "| candidate, in seven points of ten | gate | refuted | proven |",
    "|---|---|---|---|",
    ...lines.map(([name, gate, candidate], index) => {
      let [refuted, proven] = [0, 0];
      for (let run = 0; run < runs; run++) {
        const play = {
          stable: () => healthy,
          candidate: (second: number) => candidate(Math.floor(second / 10)),
        };
        const seed = 200_000_000 * (index + 1) + run;
        const [wealth] = wealthOf(gate, observations({ ...play, weights: [10], secondsPerStep: 100 }, seed));
        refuted += wealth !== undefined && everRefuted(wealth) ? 1 : 0;
        proven += wealth !== undefined && everProven(wealth) ? 1 : 0;
      }
      return `| ${name} | \`${gate}\` | ${share(refuted, runs)} | ${share(proven, runs)} |`;
    }),
  ].join("\n");
}

const gates = parseGates(
  "error_rate <= baseline + 0.01, latency.p99 <= baseline * 1.5, nan_rate <= baseline + 0.005, score_drift <= 0.1",
);

/** Looks that were not answered, or without what a gate needs, after a good beginning of any length. */
export function missingData(runs: number): string {
  const rows = [
    ["nothing was ever observed", () => []],
    ["an outage from the start", () => [outage(1), outage(2)]],
    ["an outage at the end", (good: Observation[]) => [...good, outage(1e6)]],
    ["no request reached the candidate", () => [counts(1, 900, 0), counts(2, 1800, 0)]],
    ["the source has neither NaN nor histograms", () => [counts(1, 900, 100), counts(2, 9000, 1000)]],
  ] as const;
  return [
    "Verdicts of four gates under every rule; those that are `pass` although their data is missing.",
    "",
    "| what is missing | passed |",
    "|---|---|",
    ...rows.map(([name, observe]) => {
      let [passed, all] = [0, 0];
      for (let run = 0; run < Math.min(runs, 200); run++) {
        const good = observations(
          {
            stable: () => healthy,
            candidate: () => healthy,
            secondsPerStep: 1 + Math.floor(5 * randomFrom(run)()),
          },
          run,
        );
        for (const rule of decisionRules) {
          for (const { verdict, metric } of judge(gates, observe(good), { rule, confidence })) {
            if (name.startsWith("the source") && metric === "error_rate") continue;
            all++;
            passed += verdict === "pass" ? 1 : 0;
          }
        }
      }
      return `| ${name} | ${passed} of ${all.toLocaleString("en-US")} |`;
    }),
  ].join("\n");
}

function outage(at: number): Observation {
  return { at, ok: false, problem: "outage", detail: "connection refused" };
}

function counts(at: number, stable: number, candidate: number): Observation {
  const side = (requests: number) => ({ requests, errors: 0, nan: null, latency: null });
  return { at, ok: true, stable: side(stable), candidate: side(candidate) };
}
