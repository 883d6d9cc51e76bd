/** What a proof will take, before a candidate has had a request: from what stable counted so far. */
import { latencyQuantile } from "../catalog.ts";
import { examinerFor, type JudgeOptions, levelsFor } from "../judge.ts";
import type { Gate, SideCounts } from "../types.ts";
import type { Best, Tilts } from "./evidence.ts";
import { moreTimes } from "./forecast.ts";
import { answered } from "./histogram.ts";
import { leastForQuantile } from "./latency.ts";
import { better } from "./mixture.ts";

export interface ExpectedNeed {
  gate: string;
  /** Of the candidate. */
  requests: number;
}

/** So many requests of the candidate are played at once: counts are whole numbers, and rates of one in a thousand shall
 * come out. */
const played = 100_000;

const mostEvents = 10_000;

/** Below this a p99 is not known. */
const leastKnown = 500;

/**
 * How many requests of a candidate exactly like stable prove each gate: about the median of what it takes. Gates that are not to be proven are left out, and those of which this cannot be said:
 * `score_drift`, and what can never be proven.
 *
 * @param past stable's counts before the rollout; of fewer than 500 requests nothing is said
 * @param share of all requests that the candidate gets, above 0 and below 1
 */
export function expectedNeeds(
  gates: readonly Gate[],
  options: JudgeOptions,
  past: SideCounts,
  share: number,
): ExpectedNeed[] {
  if (past.requests < leastKnown) return [];
  const levels = levelsFor(gates, options);
  const all = { stable: (played * (1 - share)) / share, candidate: played };
  return gates.flatMap((gate): ExpectedNeed[] => {
    const examiner = examinerFor(gate, levels);
    if (typeof examiner === "string" || (gate.rule ?? options.rule) !== "prove") return [];
    // Of a latency gate the first window only says where stable's quantile lies.
    for (const windows of [0, 1, 2]) {
      const stable = scaled(past, windows * all.stable);
      examiner.push({ at: windows, ok: true, stable, candidate: scaled(past, windows * all.candidate) });
    }
    const { evidence, dead } = examiner.finding();
    const best = evidence.tilts?.best ?? null;
    if (evidence.tilts === null || best === null || dead !== null || best.candidate.n === 0) return [];
    const requests = median({ ...evidence.tilts, best });
    return requests === null
      ? []
      : [{ gate: gate.text, requests: Math.ceil(requests + beforeItCounts(gate, share)) }];
  });
}

/** With x events so many requests prove it. Half of all candidates have x events or fewer by then where x + ⅔ are
 * expected (the median of a Poisson count). Growth in the mean alone would be twice too pessimistic where events are rare. */
function median({ pass, passNeeded, best }: Tilts & { best: Best }): number | null {
  const { flawless, candidate } = best;
  const each = flawless.map((log) => log / candidate.n);
  const event = pass.map((log, tilt) =>
    candidate.x === 0 ? 0 : (log - (flawless[tilt] ?? 0)) / candidate.x,
  );
  for (let events = 0; events < mostEvents; events++) {
    const after = each.map((log, tilt) => log + events * (event[tilt] ?? 0));
    const requests = moreTimes(better, after, each, passNeeded);
    if (requests === null || (requests * candidate.x) / candidate.n <= events + 2 / 3) return requests;
  }
  return null;
}

/** Requests of the candidate that come before stable's quantile is known. */
function beforeItCounts({ metric, bound }: Gate, share: number): number {
  const quantile = latencyQuantile(metric);
  return quantile === undefined || bound.kind === "absolute"
    ? 0
    : (leastForQuantile(quantile) * share) / (1 - share);
}

/** The same proportions, of so many requests. */
function scaled(side: SideCounts, requests: number): SideCounts {
  const times = requests / side.requests;
  const counts = (values: readonly number[]) => values.map((value) => Math.round(value * times));
  const { latency } = side;
  const timed = latency === null || answered(latency.counts) === 0 ? null : latency;
  return {
    requests: Math.round(requests),
    errors: Math.round(side.errors * times),
    nan: side.nan === null ? null : Math.round(side.nan * times),
    latency: timed && { boundsMs: timed.boundsMs, counts: counts(timed.counts) },
  };
}
