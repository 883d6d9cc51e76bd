/** The judge, which does not know how bad a candidate may be, against Wald's test, which does. */

import { binomial, randomFrom } from "../../../packages/gates/src/judge/traffic.testing.ts";
import { Judge } from "../../../packages/gates/src/judge.ts";
import { parseGates } from "../../../packages/gates/src/language.ts";
import { confidence, median } from "./judge-traffic.ts";

/** Failures a request of stable's; requests a second of both sides. */
const rate = 0.01;
const load = 40;
/** Looks after which it is asked whether it is over. */
const chunk = 64;
const longest = 8000;

export function sprtTable(runs: number): string {
  const lines = [2, 3].flatMap((times) =>
    [10, 25, 50].map((weight) => {
      const judged = many(runs, (seed) => eventsOfJudge(times, weight, seed));
      const wald = many(runs, (seed) => eventsOfWald(times, weight, seed));
      const ratio = (median(judged) / median(wald)).toFixed(2);
      return `| ${times} times | ${weight} % | ${median(judged)} | ${median(wald)} | ${ratio} |`;
    }),
  );
  return [
    "Failures of both sides together until `error_rate <= baseline` is refuted (α .05), median; Wald's sequential",
    "probability ratio test is given the candidate's true rate, sees every failure at once, and has α = β = .05.",
    "",
    "| candidate fails | at | judge | Wald | ratio |",
    "|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

function many(runs: number, eventsOf: (seed: number) => number): number[] {
  return Array.from({ length: runs }, (_, run) => eventsOf(run + 1));
}

function eventsOfJudge(times: number, weight: number, seed: number): number {
  const random = randomFrom(seed * 7919 + times * 100 + weight);
  const judge = new Judge(parseGates("error_rate <= baseline"), { rule: "prove", confidence });
  const toCandidate = Math.round((load * weight) / 100);
  const stable = { requests: 0, errors: 0, nan: null, latency: null };
  const candidate = { requests: 0, errors: 0, nan: null, latency: null };
  const events: number[] = [];
  while (events.length < longest) {
    for (let look = 0; look < chunk; look++) {
      stable.requests += load - toCandidate;
      stable.errors += binomial(load - toCandidate, rate, random);
      candidate.requests += toCandidate;
      candidate.errors += binomial(toCandidate, rate * times, random);
      events.push(stable.errors + candidate.errors);
      judge.look({ at: events.length - 1, ok: true, stable, candidate });
    }
    const refutedAt = judge.verdicts()[0]?.refutedAt ?? null;
    if (refutedAt !== null) return events[refutedAt] ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}

/** A failure is the candidate's with probability ρ when both fail alike, and ρr/(ρr + 1 − ρ) when it fails r times as
 * often (Wald, Annals of Mathematical Statistics 1945). Runs that accept the null are none that detect: they count as
 * endless, as for the judge. */
function eventsOfWald(times: number, weight: number, seed: number): number {
  const random = randomFrom(seed * 104_729 + times * 100 + weight);
  const share = weight / 100;
  const worse = (share * times) / (share * times + 1 - share);
  const [upper, lower] = [Math.log(0.95 / 0.05), Math.log(0.05 / 0.95)];
  let logRatio = 0;
  for (let events = 1; ; events++) {
    logRatio += random() < worse ? Math.log(worse / share) : Math.log((1 - worse) / (1 - share));
    if (logRatio >= upper) return events;
    if (logRatio <= lower) return Number.POSITIVE_INFINITY;
  }
}
