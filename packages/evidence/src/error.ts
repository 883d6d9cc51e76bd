/**
 * | code | what failed | what to do |
 * |---|---|---|
 * | not-json | the text is no JSON, or too large to be ours | give the file that the action wrote |
 * | wrong-schema | JSON of another kind | give a file of the kind asked for |
 * | malformed | a field is missing or has the wrong type | every place is listed; write the file anew |
 * | contradiction | parts of a statement that must agree do not | do not trust it; run the gate again |
 * | not-replayable | a statement without the counts that its verdicts rest on | give a canary's evidence |
 * | invalid-result | what was to be written is not a result | a bug, or a metric that could not be computed |
 */
export type EvidenceErrorCode =
  | "not-json"
  | "wrong-schema"
  | "malformed"
  | "contradiction"
  | "not-replayable"
  | "invalid-result";

export class EvidenceError extends Error {
  readonly code: EvidenceErrorCode;
  /** What to do about it. */
  readonly remedy: string;

  constructor(code: EvidenceErrorCode, message: string, remedy: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "EvidenceError";
    this.code = code;
    this.remedy = remedy;
  }
}
