/** Which severities block. */
import { type Severity, severities } from "@ml-actions/evidence/vulnerabilities-policy";
import { ScanError, shown } from "./errors.ts";

const ladder: readonly Severity[] = severities.filter((name) => name !== "UNKNOWN");

/**
 * @throws ScanError `severity` for a word that is no severity, or a list that would let a worse one through: `HIGH` alone
 *   reads like "high and above" and would pass CRITICAL.
 */
export function severityList(words: readonly string[]): Severity[] {
  const found = words.map((word) => {
    const severity = severities.find((name) => name === word.toUpperCase());
    if (severity !== undefined) return severity;
    throw new ScanError(
      "severity",
      `${shown(JSON.stringify(word))} is no severity`,
      `Write some of ${severities.join(", ")}.`,
    );
  });
  const lowest = Math.max(...found.map((name) => ladder.indexOf(name)));
  const missing = ladder.slice(0, lowest + 1).filter((name) => !found.includes(name));
  if (lowest < 0 || missing.length > 0) {
    const whole = lowest < 0 ? ["CRITICAL", ...found] : [...ladder.slice(0, lowest + 1), ...found];
    throw new ScanError(
      "severity",
      `${found.join(", ")} would let ${lowest < 0 ? "CRITICAL" : missing.join(", ")} through`,
      `Write ${[...new Set(whole)].join(", ")}.`,
    );
  }
  return severities.filter((name) => found.includes(name));
}
