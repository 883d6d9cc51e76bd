/** Everything that this package refuses, and what the reader can do about it. */
export const gatesErrorCodes = ["syntax", "metric-not-here", "shape", "profile", "drift"] as const;
export type GatesErrorCode = (typeof gatesErrorCodes)[number];

export class GatesError extends Error {
  override readonly name: string = "GatesError";
  readonly code: GatesErrorCode;
  /** What to do, in one sentence. */
  readonly remedy: string;

  constructor(code: GatesErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}
