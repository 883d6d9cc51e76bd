import type { Dead, Finding } from "./finding.ts";
import { type Forecast, forecast, leastToProve } from "./forecast.ts";

/**
 * What is left to hope for while a gate is neither proven nor refuted:
 * - `provable`: so many more of the candidate's requests prove it, if its luck is as good from now on as its counts
 *   leave possible;
 * - `early`: too little has been counted to say;
 * - `hopeless`: no number of requests would, at any rate that is still possible;
 * - `dead`: no number of requests would, whatever comes: by what the gate asks and what the source counts;
 * - `unread`: its counts cannot be had, for so long by now.
 */
export type Outlook =
  | { kind: "provable"; requests: number }
  | { kind: "early" }
  | { kind: "hopeless" }
  | ({ kind: "dead" } & Dead)
  | { kind: "unread"; forMs: number };

/** For so long a step of a rollout needs no reason to go on without a verdict, and for so long counts may be missing after
 * that: a candidate that nobody can judge stays no longer. */
export const patienceMs = 600_000;

/** Events of stable below which what grows with them is not known to a factor of three. */
const leastEvents = 5;

/** @param level of the lower limit of the candidate's rate; see `leastToProve` */
export function outlookOf(finding: Finding, level: number): Outlook {
  const { gap, evidence, dead, candidateRequests } = finding;
  if (dead !== null) {
    return { kind: "dead", ...dead };
  }
  if (gap !== null) {
    return { kind: "unread", forMs: gap.forMs };
  }
  if (evidence.trace.length === 0) {
    return { kind: "early" };
  }
  const { tilts } = evidence;
  const best = tilts?.best ?? null;
  if (tilts === null || best === null) {
    return provableBy(passing(forecast(evidence, candidateRequests)));
  }
  const requests = leastToProve({ ...tilts, best }, level);
  return requests === null && (best.byStable?.events ?? Infinity) < leastEvents
    ? { kind: "early" }
    : provableBy(requests);
}

function provableBy(requests: number | null): Outlook {
  return requests === null ? { kind: "hopeless" } : { kind: "provable", requests };
}

function passing(next: Forecast | null): number | null {
  return next?.verdict === "pass" ? next.requests : null;
}
