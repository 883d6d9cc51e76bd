/** What every source that remembers does alike: one look after another, a new memory for a new pair of releases. */
import type { Observation } from "@ml-actions/gates/types";
import { observationOf } from "./error.ts";
import type { TelemetrySource } from "./source.ts";

/** One rollout's memory. `look` rejects with a `TelemetryError` for a look that could not be made. */
export interface Watch {
  look(startedAt: number): Promise<Observation>;
}

/** In order: an answer to an older question that came in later would look like counters that fell. */
export function watching(
  now: () => number,
  begin: (releases: { stable: string; candidate: string }) => Watch,
): TelemetrySource {
  let pair = "";
  let watch: Watch | null = null;
  let looks: Promise<unknown> = Promise.resolve();
  const look = async (stable: string, candidate: string): Promise<Observation> => {
    const asked = `${stable} ${candidate}`;
    if (watch === null || asked !== pair) watch = begin({ stable, candidate });
    pair = asked;
    const startedAt = now();
    try {
      return await watch.look(startedAt);
    } catch (error) {
      return observationOf(error, startedAt);
    }
  };
  return {
    observe: (stableDigest, candidateDigest) => {
      const result = looks.then(() => look(stableDigest, candidateDigest));
      looks = result.catch(() => {});
      return result;
    },
  };
}
