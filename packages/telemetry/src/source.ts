import type { Observation } from "@ml-actions/gates/types";

/** Where counts come from. `observe` never rejects for a source that cannot answer: it says why in the observation
 * (`ok: false`), because missing data is neither a pass nor a regression. */
export interface TelemetrySource {
  /** Cumulative counts of both sides since the candidate's first request; digests name the releases. */
  observe(stableDigest: string, candidateDigest: string): Promise<Observation>;
}
