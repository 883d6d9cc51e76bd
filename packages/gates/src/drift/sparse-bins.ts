import type { Bin } from "./bins.ts";

/** Rows expected in a bin of the smaller table from which on the χ² distribution is close enough. With fewer the
 * approximation fails: 20 bins of 100 rows have a real 95 % point of .496 where it says .305. */
export const fewestExpected = 10;

/**
 * Puts bins together until each is expected to hold ten rows of the smaller table, but not below two: the smallest with
 * the smaller of its neighbours on a scale, the smallest two of names. Only the sums of both tables are looked at, so
 * that under the hypothesis of no drift, which holds them fixed, the choice says nothing about the difference.
 */
export function mergeSparse(bins: readonly Bin[], rows: { reference: number; current: number }): Bin[] {
  const merged = [...bins];
  const share = Math.min(rows.reference, rows.current) / (rows.reference + rows.current);
  for (;;) {
    const open = merged.flatMap((bin, i) => (bin.order === "alone" ? [] : [i]));
    const smallest = least(open, (i) => total(merged[i] as Bin));
    if (
      open.length <= 2 ||
      smallest === undefined ||
      total(merged[smallest] as Bin) * share >= fewestExpected
    )
      return merged;
    const partners =
      merged[smallest]?.order === "scale"
        ? open.filter((i) => Math.abs(i - smallest) === 1)
        : open.filter((i) => i !== smallest);
    const partner = least(partners, (i) => total(merged[i] as Bin)) as number;
    const [first, second] = partner < smallest ? [partner, smallest] : [smallest, partner];
    merged.splice(first, 1, together(merged[first] as Bin, merged[second] as Bin));
    merged.splice(second, 1);
  }
}

/** Bins that hold less than the χ² distribution needs. */
export function isSparse(bins: readonly Bin[], rows: { reference: number; current: number }): boolean {
  const share = Math.min(rows.reference, rows.current) / (rows.reference + rows.current);
  return bins.some((bin) => total(bin) * share < fewestExpected);
}

function total({ reference, current }: Bin): number {
  return reference + current;
}

function least(places: readonly number[], size: (i: number) => number): number | undefined {
  return places.reduce<number | undefined>(
    (best, i) => (best === undefined || size(i) < size(best) ? i : best),
    undefined,
  );
}

function together(a: Bin, b: Bin): Bin {
  return {
    label: a.order === "scale" ? joinRanges(a.label, b.label) : joinNames(a.label, b.label),
    reference: a.reference + b.reference,
    current: a.current + b.current,
    order: a.order,
  };
}

/** `[1, 2)` and `[2, 3)` are `[1, 3)`; `< 1` and `[1, 2)` are `< 2`; `0` and `1` are `0 to 1`. */
function joinRanges(a: string, b: string): string {
  const upper = /, ([^,]+\))$/.exec(b)?.[1];
  const lower = /^(\[[^,]+), /.exec(a)?.[1];
  if (a.startsWith("< ") && upper !== undefined) return `< ${upper.slice(0, -1)}`;
  if (b.startsWith(">= ") && lower !== undefined) return `>= ${lower.slice(1)}`;
  if (lower !== undefined && upper !== undefined) return `${lower}, ${upper}`;
  return `${a.split(" to ")[0]} to ${b.split(" to ").at(-1)}`;
}

function joinNames(a: string, b: string): string {
  const count = (label: string): number => Number(/^(\d+) rare$/.exec(label)?.[1] ?? 1);
  return `${count(a) + count(b)} rare`;
}
