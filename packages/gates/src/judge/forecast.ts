import { mixed } from "./interval.ts";
import { better, type Prior, worse } from "./mixture.ts";
import type { Evidence } from "./weigh.ts";

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
  const pass = moreTimes(better, tilts.pass, tilts.passNeeded);
  const fail = moreTimes(worse, tilts.fail, tilts.failNeeded);
  if (pass === null && fail === null) {
    return null;
  }
  const verdict = (pass ?? Infinity) <= (fail ?? Infinity) ? "pass" : "fail";
  const times = Math.min(pass ?? Infinity, fail ?? Infinity);
  return { verdict, requests: roundUp((times - 1) * candidateRequests) };
}

/** The smallest multiple s ≥ 1 of the evidence so far with ln Σ wₖ·exp(s·logₖ) ≥ needed, null when there is none:
 * the left side is convex in s, so beyond its lowest point it is crossed once. */
function moreTimes(prior: Prior, logs: readonly number[], needed: number): number | null {
  const enough = (times: number) =>
    mixed(
      prior,
      logs.map((log) => log * times),
    ) >= needed;
  if (!logs.some((log) => log > 0) || !enough(farthest)) {
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
