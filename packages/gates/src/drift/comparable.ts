import { visible } from "../language/messages.ts";
import { isEmpty } from "./merge.ts";
import type { ColumnProfile } from "./profile.ts";
import type { FeatureColumn, FeatureKind } from "./types.ts";

/** A feature in one of the two tables. */
export interface Side {
  rows: number;
  column: ColumnProfile | undefined;
  /** The rows themselves, where they are at hand. */
  raw: FeatureColumn | undefined;
}

/** Why a feature cannot be compared, and what would help. */
export interface Problem {
  reason: string;
  settle: string;
}

/** A feature with fewer rows than this says little. */
export const fewestRows = 30;

/** Both columns, of one kind; or why that cannot be. A column without a value takes the kind of the other. */
export function comparable(
  feature: string,
  reference: Side,
  current: Side,
): { before: ColumnProfile; now: ColumnProfile } | Problem {
  const name = visible(feature);
  for (const [side, { column, rows }] of [
    ["reference", reference],
    ["current", current],
  ] as const) {
    if (column === undefined) {
      const settle = `give the ${side} data the column ${name}, or leave the feature out`;
      return { reason: `${name} is not in the ${side} data`, settle };
    }
    if (rows < fewestRows) {
      const settle = `need ${fewestRows} rows, have ${rows}`;
      return { reason: `the ${side} data has ${rows} rows, fewer than ${fewestRows}`, settle };
    }
  }
  const [before, now] = [reference.column as ColumnProfile, current.column as ColumnProfile];
  if (before.kind === now.kind) return { before, now };
  if (isEmpty(before)) return { before: emptyAs(now.kind, before), now };
  if (isEmpty(now)) return { before, now: emptyAs(before.kind, now) };
  return {
    reason: `${name} changed its type: ${before.kind} in the reference, ${now.kind} in the current data`,
    settle: `give ${name} one type in both`,
  };
}

function emptyAs(kind: FeatureKind, { missing, nan }: ColumnProfile): ColumnProfile {
  const none = new Float64Array(0);
  return kind === "categorical"
    ? { kind, missing, nan, categories: { by: "name", names: [], counts: none } }
    : {
        kind,
        missing,
        nan,
        negativeInfinity: 0,
        positiveInfinity: 0,
        minimum: null,
        maximum: null,
        cells: { level: 0, keys: none, counts: none },
      };
}
