import type { Numbers } from "./numbers.ts";

/** Rows of a ranking, query by query, each query's in descending order of score. */
export interface Queries {
  /** Row number at each place. */
  order: Uint32Array;
  /** Where each query begins, and behind the last its end: one more entry than queries. */
  starts: Uint32Array;
}

/** Queries in ascending order of their number. O(n log n). */
export function queriesOf(groups: Int32Array, scores: Numbers): Queries {
  const order = new Uint32Array(groups.length);
  for (let row = 0; row < order.length; row++) {
    order[row] = row;
  }
  order.sort(
    (a, b) =>
      (groups[a] as number) - (groups[b] as number) || (scores[b] as number) - (scores[a] as number) || a - b,
  );
  const starts: number[] = [];
  for (let i = 0; i < order.length; i++) {
    if (i === 0 || groups[order[i] as number] !== groups[order[i - 1] as number]) {
      starts.push(i);
    }
  }
  return { order, starts: Uint32Array.from([...starts, order.length]) };
}

interface Rows {
  labels: Numbers;
  scores: Numbers;
}

/**
 * Normalised discounted cumulative gain of every query: Σ relevance / log₂(rank + 1) over the first `top` ranks, divided by
 * that of the best order; 0 for a query without relevance. The gain is the relevance itself (not 2^relevance − 1).
 * Rows of equal score share the mean discount of their ranks, the expectation over their random orders: scikit-learn's
 * `ndcg_score` with ties. Sources: K. Järvelin, J. Kekäläinen, ACM TOIS 20 (2002); F. McSherry, M. Najork, ECIR 2008.
 */
export function ndcgOfQueries(
  { labels, scores }: Rows,
  { order, starts }: Queries,
  top: number,
): Float64Array {
  const gains = new Float64Array(starts.length - 1);
  for (let query = 0; query < gains.length; query++) {
    const [start, end] = [starts[query] as number, starts[query + 1] as number];
    const best = Float64Array.from(order.subarray(start, end), (row) => labels[row] as number)
      .sort()
      .reverse();
    let ideal = 0;
    for (let rank = 0; rank < Math.min(top, best.length); rank++) {
      ideal += (best[rank] as number) / Math.log2(rank + 2);
    }
    let gain = 0;
    for (let i = start, next = start; i < end && i - start < top; i = next) {
      let [relevance, discounts] = [0, 0];
      for (; next < end && scores[order[next] as number] === scores[order[i] as number]; next++) {
        relevance += labels[order[next] as number] as number;
        discounts += next - start < top ? 1 / Math.log2(next - start + 2) : 0;
      }
      gain += (relevance * discounts) / (next - i);
    }
    gains[query] = ideal === 0 ? 0 : gain / ideal;
  }
  return gains;
}

/**
 * 1 / rank of the first row with relevance above 0, of every query; 0 where there is none. Of a tie the expectation
 * over random orders: with r of its g rows relevant, the first is the k-th with chance C(g − k, r − 1) / C(g, r).
 */
export function reciprocalRanks({ labels, scores }: Rows, { order, starts }: Queries): Float64Array {
  const ranks = new Float64Array(starts.length - 1);
  for (let query = 0; query < ranks.length; query++) {
    const [start, end] = [starts[query] as number, starts[query + 1] as number];
    for (let i = start, next = start; i < end; i = next) {
      let relevant = 0;
      for (; next < end && scores[order[next] as number] === scores[order[i] as number]; next++) {
        relevant += (labels[order[next] as number] as number) > 0 ? 1 : 0;
      }
      if (relevant > 0) {
        ranks[query] = expectedReciprocal(i - start, next - i, relevant);
        break;
      }
    }
  }
  return ranks;
}

/** Mean of 1 / (above + k), k the place of the first of `relevant` rows among `tied` rows in random order. */
function expectedReciprocal(above: number, tied: number, relevant: number): number {
  let mean = 0;
  // The chance that none came before the k-th, kept up step by step.
  let none = 1;
  for (let k = 1; k <= tied - relevant + 1; k++) {
    const here = relevant / (tied - k + 1);
    mean += (none * here) / (above + k);
    none *= 1 - here;
  }
  return mean;
}
