export interface PositionMean {
  /** From 1: the row that a model puts first. */
  position: number;
  relevance: number;
  /** Queries that have so many rows. */
  queries: number;
}

export interface RankedRows {
  labels: Float64Array;
  scores: Float64Array;
  groups: Int32Array;
  weights: Float64Array | null;
}

/** A reader looks at the first results; so many are drawn. */
const positionsShown = 20;

/** Mean relevance of the rows that a model puts at each position, over all queries. Rows of equal score share their
 * positions, so each has the mean relevance of them; rows without a number are left out. */
export function meanByPosition({ labels, scores, groups, weights }: RankedRows): PositionMean[] {
  const rows = Uint32Array.from(labels.keys()).filter(
    (row) => Number.isFinite(labels[row]) && Number.isFinite(scores[row]) && (weights?.[row] ?? 1) > 0,
  );
  const [group, score] = [(row: number) => groups[row] ?? 0, (row: number) => scores[row] ?? 0];
  rows.sort((a, b) => group(a) - group(b) || score(b) - score(a));
  const sums = Array.from({ length: positionsShown }, () => ({ relevance: 0, weight: 0, queries: 0 }));
  let position = 0;
  for (let start = 0; start < rows.length; ) {
    const first = rows[start] ?? 0;
    if (start === 0 || group(first) !== group(rows[start - 1] ?? 0)) position = 0;
    let [end, relevance] = [start, 0];
    for (; end < rows.length; end++) {
      const row = rows[end] ?? 0;
      if (group(row) !== group(first) || score(row) !== score(first)) break;
      relevance += labels[row] ?? 0;
    }
    const weight = weights?.[first] ?? 1;
    for (let place = position; place < Math.min(positionsShown, position + end - start); place++) {
      const sum = sums[place];
      if (sum === undefined) continue;
      sum.relevance += (weight * relevance) / (end - start);
      sum.weight += weight;
      sum.queries += 1;
    }
    position += end - start;
    start = end;
  }
  return sums.flatMap(({ relevance, weight, queries }, index) =>
    queries === 0 ? [] : [{ position: index + 1, relevance: relevance / weight, queries }],
  );
}
