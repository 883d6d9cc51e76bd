import type { Uncertainty } from "../statistics/interval.ts";
import type { ModelRows, Rows } from "./rows.ts";

/** One model's value of a metric, or why it has none. `spoilt`: the model's own fault, its scores are unusable. */
export type Reading = { ok: true; value: number } | { ok: false; spoilt: boolean; reason: string };

/** A metric as the evaluation can ask for it. */
export interface Instrument {
  read(model: ModelRows, rows: Rows): Reading;
  /** Of candidate − factor × baseline, or of the candidate alone; both were read before. */
  uncertainty(rows: Rows, against: { factor: number } | null, seed: number): Uncertainty;
  /** Values that `read` rests on: rows, of a ranking queries; where they weigh differently what they are worth,
   * (Σw)²/Σw² rounded down. */
  count(rows: Rows, against: boolean): number;
  /** Fewest values with which the interval has two ends at this confidence; what is missing is said in this many. */
  fewest(confidence: number): number;
}

/** Below this, neither the normal approximation nor the bootstrap keeps what it promises (the habitual minimum of
 * the central limit theorem; our simulations agree). */
export const fewestRows = 30;

/** Rows, or what they are worth. */
export function countRows({ effective }: Rows): number {
  // Rounding of the sums must not cost a row.
  return Math.floor(effective * (1 + 1e-12));
}

/** The reading of a model whose scores are NaN or infinite; undefined when none is. */
export function spoiltReading({ unusableCount }: ModelRows, { n }: Rows): Reading | undefined {
  return unusableCount === 0
    ? undefined
    : {
        ok: false,
        spoilt: true,
        reason: `${counted(unusableCount)} of ${counted(n)} scores are NaN or infinite`,
      };
}

/** Of nobody's fault. */
export function unread(reason: string): Reading {
  return { ok: false, spoilt: false, reason };
}

export function counted(value: number): string {
  return value.toLocaleString("en-US");
}
