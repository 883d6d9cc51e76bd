/** Requests of the candidate until deploy's default gates know. */
import { type Behaviour, healthy } from "../../../packages/gates/src/judge/traffic.testing.ts";
import type { Wealth } from "../../../packages/gates/src/judge.ts";
import { observations, quantile, wealthOf } from "./judge-traffic.ts";

export const defaults =
  "error_rate <= baseline + 0.01, latency.p99 <= baseline * 1.5, nan_rate <= baseline + 0.005";

const worse: [string, Behaviour][] = [
  ["fails 5 %", { ...healthy, errors: 0.05 }],
  ["fails 20 %", { ...healthy, errors: 0.2 }],
  ["NaN in 5 %", { ...healthy, nan: 0.05 }],
  ["2 times slower", { ...healthy, medianMs: 40 }],
  ["5 times slower", { ...healthy, medianMs: 100 }],
];

/** Requests a look. */
const load = 50;

export function soonTables(runs: number): string {
  // Medians need fewer runs than rare events.
  const few = Math.min(runs, 100);
  const refuted = worse.map(([name, candidate], index) => {
    const cells = [10, 50].map((weight) =>
      spreadOf(few, { weight, most: 1500 }, candidate, index, (wealth) =>
        Math.min(...wealth.map((gate) => requestsUntil(gate, "fail"))),
      ),
    );
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  const proven = defaults.split(", ").map((gate, index) => {
    const cells = [10, 50].map((weight) =>
      spreadOf(few, { weight, most: 3000 }, healthy, 50 + index, (wealth) =>
        wealth[index] === undefined ? Infinity : requestsUntil(wealth[index], "pass"),
      ),
    );
    return `| \`${gate}\` | ${cells.join(" | ")} |`;
  });
  return [
    `Median (90th percentile) of ${few} rollouts that stay at one weight, 50 requests a look; stable fails 0.2 %, its median`,
    "latency is 20 ms.",
    "",
    "| candidate, until any default gate is refuted | at 10 % | at 50 % |",
    "|---|---|---|",
    ...refuted,
    "",
    "| default gate, until a candidate like stable is proven | at 10 % | at 50 % |",
    "|---|---|---|",
    ...proven,
  ].join("\n");
}

function spreadOf(
  runs: number,
  { weight, most }: { weight: number; most: number },
  candidate: Behaviour,
  index: number,
  until: (wealth: Wealth[]) => number,
): string {
  const secondsPerStep = Math.ceil((most * 100) / (load * weight));
  const requests = Array.from({ length: runs }, (_, run) => {
    const play = {
      stable: () => healthy,
      candidate: () => candidate,
      load,
      weights: [weight],
      secondsPerStep,
    };
    return until(wealthOf(defaults, observations(play, 600_000_000 + 1_000_000 * index + run)));
  });
  const shown = (share: number) => {
    const value = quantile(requests, share);
    return Number.isFinite(value) ? value.toLocaleString("en-US") : "more";
  };
  return `${shown(0.5)} (${shown(0.9)})`;
}

function requestsUntil({ needed, points }: Wealth, which: "pass" | "fail"): number {
  return points.find((point) => point[which] >= needed[which])?.requests ?? Number.POSITIVE_INFINITY;
}
