/** A loss of every row. The metric is the mean of these, or a smooth function of it. */
export type RowLosses = Float64Array;

/** Smallest probability that counts, so that one certain mistake does not make the mean infinite: the double's
 * machine epsilon, as scikit-learn has it. */
const epsilon = Number.EPSILON;

/** −ln of the probability given to the label; scores are probabilities of the positive. */
export function logLosses(labels: Float64Array, scores: Float64Array): RowLosses {
  const losses = new Float64Array(labels.length);
  for (let i = 0; i < losses.length; i++) {
    const score = Math.min(1 - epsilon, Math.max(epsilon, scores[i] as number));
    losses[i] = -Math.log(labels[i] === 1 ? score : 1 - score);
  }
  return losses;
}

/** −ln of the probability given to the label's class; `scores` are n × `classes`, row by row. */
export function logLossesOfClasses(labels: Float64Array, scores: Float64Array, classes: number): RowLosses {
  const losses = new Float64Array(labels.length);
  for (let i = 0; i < losses.length; i++) {
    const score = scores[i * classes + (labels[i] as number)] as number;
    losses[i] = -Math.log(Math.min(1 - epsilon, Math.max(epsilon, score)));
  }
  return losses;
}

/** (label − score)²: Brier's score of probabilities, squared error of values. */
export function squaredErrors(labels: Float64Array, scores: Float64Array): RowLosses {
  const losses = new Float64Array(labels.length);
  for (let i = 0; i < losses.length; i++) {
    losses[i] = ((labels[i] as number) - (scores[i] as number)) ** 2;
  }
  return losses;
}

export function absoluteErrors(labels: Float64Array, scores: Float64Array): RowLosses {
  const losses = new Float64Array(labels.length);
  for (let i = 0; i < losses.length; i++) {
    losses[i] = Math.abs((labels[i] as number) - (scores[i] as number));
  }
  return losses;
}

/** |label − score| / |label|; Infinity where a label is 0. */
export function relativeErrors(labels: Float64Array, scores: Float64Array): RowLosses {
  const losses = absoluteErrors(labels, scores);
  for (let i = 0; i < losses.length; i++) {
    losses[i] =
      labels[i] === 0 ? Number.POSITIVE_INFINITY : (losses[i] as number) / Math.abs(labels[i] as number);
  }
  return losses;
}

/** 1 where the label's class is among the three highest scores, else 0. Of equal scores the class of the lower index
 * counts as the higher, as for the prediction itself. */
export function top3Hits(labels: Float64Array, scores: Float64Array, classes: number): Float64Array {
  const hits = new Float64Array(labels.length);
  for (let i = 0; i < hits.length; i++) {
    const label = labels[i] as number;
    const score = scores[i * classes + label] as number;
    let above = 0;
    for (let c = 0; c < classes; c++) {
      const other = scores[i * classes + c] as number;
      above += other > score || (other === score && c < label) ? 1 : 0;
    }
    hits[i] = above < 3 ? 1 : 0;
  }
  return hits;
}
