/** The rows that a report draws. More than a million change no pixel of a curve, and would double the memory. */
import type { Evaluation } from "@ml-actions/gates/evaluate";
import { baselineScores } from "@ml-actions/gates/evaluate/evaluation";
import type { Numbers } from "@ml-actions/gates/metrics/numbers";

const mostDrawn = 1_000_000;

export interface Drawn {
  rows: Evaluation;
  /** What the reader should know of it; null when all rows are drawn. */
  note: string | null;
}

/**
 * All rows, or a million spread evenly over them: one of every stretch of equal length, at a place in it that a fixed hash
 * says, so that a file with a period does not show one phase alone. Queries of a ranking are not torn apart.
 */
export function drawnRows(evaluation: Evaluation, most = mostDrawn): Drawn {
  const { labels, candidate, weights, groups } = evaluation;
  const baseline = baselineScores(evaluation);
  if (labels.length <= most || groups !== undefined) return { rows: evaluation, note: null };
  const places = Uint32Array.from({ length: most }, (_, index) =>
    Math.floor(((index + share(index)) * labels.length) / most),
  );
  const pick = (values: Numbers): Float64Array => {
    const width = values.length / labels.length;
    const picked = new Float64Array(most * width);
    places.forEach((row, place) => {
      for (let column = 0; column < width; column += 1) {
        picked[place * width + column] = values[row * width + column] as number;
      }
    });
    return picked;
  };
  const count = (rows: number) => rows.toLocaleString("en-US");
  return {
    rows: {
      ...evaluation,
      labels: pick(labels),
      candidate: pick(candidate),
      ...(baseline === null ? {} : { baseline: pick(baseline) }),
      ...(weights === undefined ? {} : { weights: pick(weights) }),
    },
    note: `the plots are drawn from ${count(most)} rows spread evenly over all ${count(labels.length)}; every other figure is of all rows`,
  };
}

/** From 0 to below 1, the same for the same number (the finalizer of MurmurHash3, A. Appleby). */
function share(index: number): number {
  let hash = index | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
