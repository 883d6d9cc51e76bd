/**
 * | code | what failed | what to do |
 * |---|---|---|
 * | image | the reference names no image that can be scanned | give an image by digest |
 * | severity | the list of severities is none | write the line given |
 * | ignore-file | the file of accepted risks cannot be taken as it is | correct the entries named |
 * | expired | a risk was accepted until a day that has passed | upgrade, or decide anew |
 * | scanner | no scanner, the wrong one, or one that must not run | install or pin the one named |
 * | checksum | the scanner is not the one that was pinned | do not run it |
 * | crash | the scanner ended otherwise than with a report | read what it said |
 * | report | its report is none, or of a kind that we do not know | use the pinned version |
 * | not-asked | its report is about something else than the image asked for | do not trust it |
 * | incomplete | it did not look at what the image holds | the image or the scanner is at fault |
 * | database | the database is missing, stale, or of another schema | update it |
 */
export type ScanErrorCode =
  | "image"
  | "severity"
  | "ignore-file"
  | "expired"
  | "scanner"
  | "checksum"
  | "crash"
  | "report"
  | "not-asked"
  | "incomplete"
  | "database";

export class ScanError extends Error {
  override readonly name = "ScanError";
  readonly code: ScanErrorCode;
  /** What to do about it. */
  readonly remedy: string;

  constructor(code: ScanErrorCode, message: string, remedy: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}

/** Text of others inside a message: one line, no control characters, shortened. */
export function shown(value: string, maxLength = 200): string {
  const line = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").toWellFormed();
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line;
}
