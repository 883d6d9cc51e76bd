import type { Observation, TelemetryProblem } from "@ml-actions/gates/types";

/** What a source of counts can refuse. The first four become observations; codes are never reused. */
export type TelemetryErrorCode =
  /** Nobody answers, or nobody counts what is asked for. */
  | "outage"
  /** The candidate has had no request yet. */
  | "no-traffic"
  /** Counts that could be read in more than one way: several series, other buckets, a counter that fell. */
  | "ambiguous"
  /** A count that is none: NaN, infinite, negative, a fraction, or no number at all. */
  | "not-a-number"
  /** What was given to ask by is not what can be asked: a URL, a token, queries. Thrown before the first look. */
  | "invalid";

export class TelemetryError extends Error {
  override readonly name = "TelemetryError";
  readonly code: TelemetryErrorCode;
  /** What to do about it. */
  readonly remedy: string;
  constructor(code: TelemetryErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}

const problems: readonly string[] = ["outage", "no-traffic", "ambiguous", "not-a-number"];

/** What a look came to that could not be made.
 * @throws whatever is no `TelemetryError` about counts: a bug */
export function observationOf(error: unknown, at: number): Observation {
  if (!(error instanceof TelemetryError) || !problems.includes(error.code)) throw error;
  const problem = error.code as TelemetryProblem;
  return { at, ok: false, problem, detail: `${error.message} ${error.remedy}`.trim() };
}

/** Words of others on one line of bounded length. */
export function quoted(text: string, maxChars = 120): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > maxChars ? `${line.slice(0, maxChars)}…` : line;
}

/** `a, b and 7 more`. */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).map((name) => quoted(name));
  return names.length > most ? `${shown.join(", ")} and ${names.length - most} more` : shown.join(", ");
}
