/** What opening a target gives: shapes only, so that targets and their parts need not import the registry. */
import type { TelemetrySource } from "@ml-actions/telemetry/source";
import type { Ledger, Target } from "../target.ts";

/** One answered request of a release, as its server logged it; never the inputs. */
export interface Prediction {
  at: number;
  request_id: string;
  model: string;
  input: string;
  outputs: (number | number[] | null)[];
  ms: number;
}

/** A target with all that belongs to it. */
export interface OpenTarget {
  target: Target;
  ledger: Ledger;
  telemetry: TelemetrySource;
  /** What the release with this digest answered since `fromMs` (ms since 1970), oldest first; some before it may be
   * among them. */
  predictions(releaseDigest: string, fromMs?: number): AsyncIterable<Prediction>;
}
