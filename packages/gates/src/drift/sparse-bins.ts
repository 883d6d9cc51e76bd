import { type Bin, type Counts, isSparse, together } from "./bins.ts";

/**
 * Puts bins together until each is expected to hold ten rows of the smaller table, but not below two: on a scale the
 * smallest with the smaller of its neighbours, of names all small ones in one bin. Only the sums of both tables are
 * looked at, so that under the hypothesis of no drift, which holds them fixed, the choice says nothing about the
 * difference. For the same reason bins of equal sums must not come in an order that does. Ranges are left as they are:
 * each was given its share of the reference.
 */
export function mergeSparse(bins: readonly Bin[], rows: Counts): Bin[] {
  const merged = [...bins];
  for (;;) {
    const open = merged.flatMap((bin, i) => (mayMerge(bin) ? [i] : []));
    const smallest = least(open, (i) => total(merged[i] as Bin));
    if (smallest === undefined || open.length <= 2 || !isSparse(merged[smallest] as Bin, rows)) return merged;
    const partner = partnerOf(smallest, open, merged);
    const [first, second] = partner < smallest ? [partner, smallest] : [smallest, partner];
    merged.splice(first, 1, together(merged[first] as Bin, merged[second] as Bin));
    merged.splice(second, 1);
  }
}

function partnerOf(smallest: number, open: readonly number[], bins: readonly Bin[]): number {
  const size = (i: number): number => total(bins[i] as Bin);
  const others = open.filter((i) => i !== smallest);
  if (bins[smallest]?.order === "scale")
    return least(
      others.filter((i) => Math.abs(i - smallest) === 1),
      size,
    ) as number;
  const rare = others.find((i) => {
    const bin = bins[i] as Bin;
    return bin.order === "names" && bin.categories > 1;
  });
  return rare ?? (least(others, size) as number);
}

function mayMerge(bin: Bin): boolean {
  return bin.order === "names" || (bin.order === "scale" && bin.of === "values");
}

function total({ reference, current }: Counts): number {
  return reference + current;
}

function least(places: readonly number[], size: (i: number) => number): number | undefined {
  return places.reduce<number | undefined>(
    (best, i) => (best === undefined || size(i) < size(best) ? i : best),
    undefined,
  );
}
