/** Histograms in few characters: of a hundred buckets a second fills a dozen. */
import { z } from "zod";

/** Which bounds it has; then from the first bucket on: a count, or, where negative, so many empty buckets. The empty
 * ones at the end are left out. */
export const packed = z.array(z.int()).min(1).max(20_000);

export function packHistogram(bounds: number, counts: readonly number[]): number[] {
  const runs = [bounds];
  let empty = 0;
  for (const count of counts) {
    if (count === 0) {
      empty++;
      continue;
    }
    if (empty > 0) runs.push(-empty);
    empty = 0;
    runs.push(count);
  }
  return runs;
}

/** @returns null when there are more buckets than `length`, or a run of none */
export function unpackHistogram([, ...runs]: readonly number[], length: number): number[] | null {
  const counts = new Array<number>(length).fill(0);
  let bucket = 0;
  for (const run of runs) {
    if (run === 0) return null;
    if (run > 0 && bucket < length) counts[bucket] = run;
    bucket += run > 0 ? 1 : -run;
    if (bucket > length) return null;
  }
  return counts;
}
