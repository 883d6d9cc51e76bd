/** Spans of time in a policy: `30d`, `48h`, `1d12h`. */
import { EvidenceError } from "../error.ts";
import { shown } from "../read-json.ts";

const unitsMs = [86_400_000, 3_600_000, 60_000, 1000];
const grammar = /^(?:(\d{1,6})d)?\s*(?:(\d{1,6})h)?\s*(?:(\d{1,6})m)?\s*(?:(\d{1,9})s)?$/;
/** Longer is no freshness. */
export const longestSpanMs = 10 * 366 * 86_400_000;

/** Milliseconds, above 0 and at most ten years. @throws EvidenceError `policy` */
export function spanMs(text: string): number {
  const amounts = grammar.exec(text.trim())?.slice(1) ?? [];
  const total = amounts.reduce(
    (sum, amount, index) => sum + Number(amount ?? 0) * (unitsMs[index] as number),
    0,
  );
  if (total > 0 && total <= longestSpanMs) return total;
  throw new EvidenceError(
    "policy",
    `expected a span of time above 0 and at most ten years, found ${shown(JSON.stringify(text), 80)}`,
    "Write `30d`, `48h` or `1d12h`.",
  );
}

/** For people: `3 d 4 h`, `12 min`, `40 s`. */
export function spanText(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
