/** What an alert says, whoever receives it: plain text, not yet escaped for anyone. */
import type { Verdict } from "@ml-actions/gates/types";
import type { Drifted } from "../drifted.ts";

export interface Alert {
  /** `flights: 3 of 14 features drifted: temp, visib and 1 more`. */
  headline: string;
  /** What it is about: a resource, or the reference's name. */
  subject: string;
  reference: { name: string; rows: number };
  current: { name: string; rows: number };
  /** Worst first. */
  drifted: readonly Drifted[];
  /** Gates that failed. */
  failed: readonly Verdict[];
  /** Done before: "the workflow retrain.yml was started". */
  done: readonly string[];
  /** Null outside GitHub. */
  runUrl: string | null;
}

/** More than this are for the report. */
const mostListed = 10;

/** One line a feature, and one that counts the rest. */
export function featureLines(
  { drifted }: Alert,
  quote: (name: string) => string,
): { lines: string[]; more: number } {
  const lines = drifted.slice(0, mostListed).map((one) => `${quote(one.feature)} ${figuresOf(one)}`);
  return { lines, more: Math.max(0, drifted.length - mostListed) };
}

/** `psi 0.41, p < 0.0001, missing 0.2 % → 12 %, 27,004 → 24,951 rows`. */
function figuresOf({ statistic, value, p, rows, missing }: Drifted): string {
  return [
    value === null ? `${statistic} unknown` : `${statistic} ${shortNumber(value)}`,
    p === null ? "" : p < 0.0001 ? "p < 0.0001" : `p ${shortNumber(p)}`,
    `missing ${percent(missing.reference)} → ${percent(missing.current)}`,
    `${rows.reference.toLocaleString("en-US")} → ${rows.current.toLocaleString("en-US")} rows`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

const shortNumber = (value: number) => String(Number(value.toPrecision(3)));
const percent = (share: number) => `${shortNumber(share * 100)} %`;

/** One line, without what could steer a terminal or a log, and not endless. */
export function plain(text: string, longest: number): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    .toWellFormed();
  const characters = Array.from(line);
  return characters.length > longest ? `${characters.slice(0, longest - 1).join("")}…` : line;
}
