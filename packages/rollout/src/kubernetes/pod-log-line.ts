/** A line of a container's log with the time that its node wrote beside it. Pure. */

export interface LogLine {
  /** RFC 3339 in UTC with nine decimals, so that moments are ordered as text. */
  moment: string;
  /** Among the lines of that moment in one reading, from 1. */
  number: number;
  text: string;
}

const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) /;

/** null: a piece of a line that was too long, which has no time.
 * @param before the line before it in the same reading */
export function logLine(line: string, before: LogLine | null): LogLine | null {
  const found = stamp.exec(line);
  if (found === null) return null;
  const [whole, second = "", decimals = "", zone = "Z"] = found;
  const ms = Date.parse(`${second}${zone}`);
  if (Number.isNaN(ms)) return null;
  // A node's zone may change under it, as in summer.
  const moment = `${new Date(ms).toISOString().slice(0, 19)}.${decimals.padEnd(9, "0")}Z`;
  const number = before?.moment === moment ? before.number + 1 : 1;
  return { moment, number, text: line.slice(whole.length) };
}
