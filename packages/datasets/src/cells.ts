/** What a table column of any type can be given. One call is one cell, except for `doubles` and `strings`. */
export interface CellSink {
  missing(): void;
  /** A double, or an integer that a double holds exactly. */
  number(value: number): void;
  /** An integer that no double holds exactly (beyond 2^53). */
  inexactInteger(value: bigint): void;
  boolean(value: boolean): void;
  /** Milliseconds since 1970, UTC. */
  timestamp(milliseconds: number): void;
  string(value: string): void;
  /** One cell a value: missing where `defined` (one byte a row; null = all are there) is 0 and the value NaN, else as
   * `number`. The arrays may be reused by the caller afterwards. */
  doubles(values: Float64Array, defined: Uint8Array | null): void;
  /** As many cells as `defined` has, or else `entries`: missing where `defined` is 0, the others in turn the texts of
   * `dictionary` that `entries` point at, each as by `string`. */
  strings(dictionary: readonly string[], entries: Int32Array, defined: Uint8Array | null): void;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
/** The largest double has 309 digits; this also bounds the cost of BigInt on a hostile cell. */
const LONGEST_NUMBER = 400;
/** 2^53: below it every integer is a double. */
export const FIRST_INEXACT = 9007199254740992;

/**
 * A number as CSV holds it: decimal notation, `NaN`/`nan` (a value), `inf`/`Infinity`; a bigint for an integer that a
 * double cannot hold exactly; null for anything else, a decimal too large for a double included.
 */
export function parseNumber(text: string): number | bigint | null {
  if (text.length > LONGEST_NUMBER) return null;
  if (NUMBER.test(text)) {
    const value = Number(text);
    if (!Number.isFinite(value)) return null;
    return Math.abs(value) < FIRST_INEXACT ? value : exactOrBigint(text, value);
  }
  if (text === "NaN" || text === "nan" || text === "NAN") return Number.NaN;
  const infinite = INFINITE.exec(text);
  if (infinite === null) return null;
  return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function exactOrBigint(text: string, value: number): number | bigint {
  if (!INTEGER.test(text)) return value;
  const digits = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return BigInt(value) === digits ? value : digits;
}

/** True for `007`: digits after a leading zero are a code (postal, account), not a number. */
export function isCodeWithLeadingZero(text: string): boolean {
  return /^[+-]?0\d/.test(text);
}

export function parseBoolean(text: string): boolean | null {
  if (text === "true" || text === "True" || text === "TRUE") return true;
  if (text === "false" || text === "False" || text === "FALSE") return false;
  return null;
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):?(\d{2}))?)?$/;

/**
 * Milliseconds since 1970 of an ISO 8601 date (`2013-01-31`) or date-time (`2013-01-31T06:00`, `…:00.25Z`,
 * `…+02:00`; a space for the T is fine), or null. Without a zone it is UTC; what is below a millisecond is cut off.
 */
export function parseTimestamp(text: string): number | null {
  const code = text.charCodeAt(0);
  if (text.length < 10 || text.length > 40 || code < 48 || code > 57) return null;
  const match = ISO.exec(text);
  if (match === null) return null;
  const part = (index: number) => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (hour > 23 || minute > 59 || second > 59 || part(9) > 23 || part(10) > 59) return null;
  const milliseconds = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that the month does not have rolls over into another month.
  if (date.getUTCMonth() !== month - 1) return null;
  const offsetMinutes = (match[8] === "-" ? -1 : 1) * (part(9) * 60 + part(10));
  return date.getTime() + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1000 + milliseconds;
}
