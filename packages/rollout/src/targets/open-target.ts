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

/** One side's answers as they come. */
export interface AnswerReader {
  /** Hands on each answer once, whatever the number of calls, also when a call before was broken off.
   * @param upToMs younger ones (by `MirroredTraffic.now`) are left for a later call */
  read(add: (answer: Prediction) => void, upToMs?: number): Promise<void>;
  /** What was lost on the way, in sentences for people. */
  losses(): string[];
}

/** What both sides make of requests that are copied to the candidate. */
export interface MirroredTraffic {
  /** To be asked before anything is touched: rejects with why no requests can be copied here. */
  check(): Promise<void>;
  /** The candidate's counts are of the copies alone. */
  telemetry: TelemetrySource;
  /** @param fromMs answers before this moment are left out */
  answers(side: "stable" | "candidate", releaseDigest: string, fromMs: number): AnswerReader;
  /** The clock that answers are dated by, in ms since 1970. */
  now(): number;
  /** From `Target.mirror` until every request is copied. */
  settleMs: number;
  /** Between two calls of the same reader. */
  lookEveryMs: number;
}

/** A target with all that belongs to it. */
export interface OpenTarget {
  target: Target;
  ledger: Ledger;
  telemetry: TelemetrySource;
  mirrored: MirroredTraffic;
  /** What the release with this digest answered since `fromMs` (ms since 1970), oldest first; some before it may be
   * among them. */
  predictions(releaseDigest: string, fromMs?: number): AsyncIterable<Prediction>;
}
