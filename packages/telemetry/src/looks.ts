/** What every source that remembers does alike: one look after another, a new memory for a new pair of releases. */
import type { Observation } from "@ml-actions/gates/types";
import { observationOf, TelemetryError } from "./error.ts";
import type { Past, TelemetrySource } from "./source.ts";

/** One rollout's memory. `look` rejects with a `TelemetryError` for a look that could not be made. */
export interface Watch {
  look(startedAt: number): Promise<Observation>;
  /** By the first look; null: not known. */
  readonly past?: Past | null;
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
  const observe = (stableDigest: string, candidateDigest: string) => {
    const result = looks.then(() => look(stableDigest, candidateDigest));
    looks = result.catch(() => {});
    return result;
  };
  return {
    observe,
    // A look of its own: the zero of the rollout's counts is its first observation.
    past: async (stable, candidate) => {
      const asked = begin({ stable, candidate });
      try {
        await asked.look(now());
      } catch (error) {
        if (!(error instanceof TelemetryError)) throw error;
      }
      return asked.past ?? null;
    },
  };
}

/** Passes on each sentence the first time. */
export function once(say: (message: string) => void = () => {}): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (!said.has(message)) say(message);
    said.add(message);
  };
}
