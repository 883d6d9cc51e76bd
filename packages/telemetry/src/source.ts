import type { Observation, SideCounts } from "@ml-actions/gates/types";

/** What stable counted before a rollout, since its processes began. */
export interface Past {
  counts: SideCounts;
  /** In the mean over that time. */
  requestsPerSecond: number;
}

/** Where counts come from. `observe` never rejects for a source that cannot answer: it says why in the observation
 * (`ok: false`), because missing data is neither a pass nor a regression. */
export interface TelemetrySource {
  /** Cumulative counts of both sides since the candidate's first request; digests name the releases. */
  observe(stableDigest: string, candidateDigest: string): Promise<Observation>;
  /** Before the candidate's first request; null: the source cannot tell. Begins no count. */
  past?(stableDigest: string, candidateDigest: string): Promise<Past | null>;
}
