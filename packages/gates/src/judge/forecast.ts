import type { Best, Evidence, Tilts } from "./evidence.ts";
import { lowerRate, mixed } from "./interval.ts";
import { better, type Prior, worse } from "./mixture.ts";

/** How many more candidate requests would settle it, were everything to go on at the rates so far; and which way. */
export interface Forecast {
  verdict: "pass" | "fail";
  requests: number;
}

/** Beyond this many times the requests so far a forecast is a guess. */
const farthest = 1e5;

/** The nearer of the two verdicts, or null when at the rates so far none comes nearer: the candidate stands at the
 * bound, or the evidence does not grow. `requests` is rounded up to two digits: it is a forecast. */
export function forecast(evidence: Evidence, candidateRequests: number): Forecast | null {
  const { tilts } = evidence;
  if (tilts === null || candidateRequests === 0) {
    return null;
  }
  const pass = moreTimes(better, tilts.pass, tilts.pass, tilts.passNeeded);
  const fail = moreTimes(worse, tilts.fail, tilts.fail, tilts.failNeeded);
  if (pass === null && fail === null) {
    return null;
  }
  const verdict = (pass ?? Infinity) <= (fail ?? Infinity) ? "pass" : "fail";
  const times = Math.min(pass ?? Infinity, fail ?? Infinity);
  return { verdict, requests: roundUp((times - 1) * candidateRequests) };
}

/**
 * How many more requests of the candidate would prove it, with the best luck from now on that the counts leave possible:
 * its events come at the lower limit of its rate at `level`, which holds at all times at once, and stable's two standard
 * errors more often than so far. Null when none would. Far below `forecast` after a few requests, and nearer to it the
 * more has been counted.
 */
export function leastToProve(
  { best, pass, passNeeded }: Tilts & { best: Best },
  level: number,
): number | null {
  const { candidate, flawless, byStable } = best;
  const { n, x } = candidate;
  const share = x === 0 ? 0 : (lowerRate(candidate, level) * n) / x;
  const more =
    byStable === null || byStable.events === 0 ? 0 : abovePoisson(byStable.events) / byStable.events - 1;
  const growth = flawless.map(
    (log, tilt) => log + share * ((pass[tilt] ?? log) - log) + more * (byStable?.logs[tilt] ?? 0),
  );
  const times = n === 0 ? null : moreTimes(better, pass, growth, passNeeded);
  return times === null ? null : roundUp((times - 1) * n);
}

/** Two standard errors above a Poisson count: the variance of its root is ¼ (Anscombe, Biometrika 1948). */
export function abovePoisson(count: number): number {
  return (Math.sqrt(count) + 1) ** 2;
}

/** The smallest s ≥ 1 with ln Σ wₖ·exp(logₖ + (s − 1)·growthₖ) ≥ needed, null when there is none: the left side is
 * convex in s, so beyond its lowest point it is crossed once. */
export function moreTimes(
  prior: Prior,
  logs: readonly number[],
  growth: readonly number[],
  needed: number,
): number | null {
  const enough = (times: number) =>
    mixed(prior, (tilt) => (logs[tilt] ?? 0) + (times - 1) * (growth[tilt] ?? 0)) >= needed;
  if (!growth.some((log) => log > 0) || !enough(farthest)) {
    return null;
  }
  let [below, above] = [1, farthest];
  while (above / below > 1.001) {
    const middle = Math.sqrt(below * above);
    [below, above] = enough(middle) ? [below, middle] : [middle, above];
  }
  return above;
}

function roundUp(value: number): number {
  const digit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return Math.max(1, Math.ceil(value / digit) * digit);
}
