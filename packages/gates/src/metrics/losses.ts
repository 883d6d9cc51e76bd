import type { Numbers } from "./numbers.ts";

/**
 * A figure of every row, computed in blocks: fills `out` with those of the rows from `from` on. The metric is the mean
 * of these or a smooth function of it, and no array of all rows is ever held.
 */
export type RowValues = (from: number, out: Float64Array) => void;

interface Rows {
  labels: Numbers;
  scores: Numbers;
}

/** Smallest probability that counts, so that one certain mistake does not make the mean infinite: the double's
 * machine epsilon, as scikit-learn has it. */
const epsilon = Number.EPSILON;

/** −ln of the probability given to the label; scores are probabilities of the positive. */
export function logLosses({ labels, scores }: Rows): RowValues {
  return (from, out) => {
    for (let i = 0; i < out.length; i++) {
      const score = Math.min(1 - epsilon, Math.max(epsilon, scores[from + i] as number));
      out[i] = -Math.log(labels[from + i] === 1 ? score : 1 - score);
    }
  };
}

/** −ln of the probability given to the label's class; `scores` are n × `classes`, row by row. */
export function logLossesOfClasses({ labels, scores }: Rows, classes: number): RowValues {
  return (from, out) => {
    for (let i = 0; i < out.length; i++) {
      const score = scores[(from + i) * classes + (labels[from + i] as number)] as number;
      out[i] = -Math.log(Math.min(1 - epsilon, Math.max(epsilon, score)));
    }
  };
}

/** (label − score)²: Brier's score of probabilities, squared error of values. */
export function squaredErrors({ labels, scores }: Rows): RowValues {
  return (from, out) => {
    for (let i = 0; i < out.length; i++) {
      const error = (labels[from + i] as number) - (scores[from + i] as number);
      out[i] = error * error;
    }
  };
}

export function absoluteErrors({ labels, scores }: Rows): RowValues {
  return (from, out) => {
    for (let i = 0; i < out.length; i++) {
      out[i] = Math.abs((labels[from + i] as number) - (scores[from + i] as number));
    }
  };
}

/** |label − score| / |label|; Infinity where a label is 0. */
export function relativeErrors({ labels, scores }: Rows): RowValues {
  return (from, out) => {
    for (let i = 0; i < out.length; i++) {
      const label = labels[from + i] as number;
      out[i] =
        label === 0
          ? Number.POSITIVE_INFINITY
          : Math.abs(label - (scores[from + i] as number)) / Math.abs(label);
    }
  };
}

/**
 * Pinball loss of a score that predicts the quantile q: q·(label − score) where the label lies above, else
 * (1 − q)·(score − label). Its mean is least for the true quantile.
 * Source: R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46 (1978).
 */
export function pinballLosses({ labels, scores }: Rows, q: number): RowValues {
  return (from, out) => {
    for (let i = 0; i < out.length; i++) {
      const above = (labels[from + i] as number) - (scores[from + i] as number);
      out[i] = above >= 0 ? q * above : (q - 1) * above;
    }
  };
}

/** 1 where the label's class is among the `top` highest scores, else 0. Of equal scores the class of the lower index
 * counts as the higher, as for the prediction itself. */
export function topHits({ labels, scores }: Rows, classes: number, top: number): RowValues {
  return (from, out) => {
    for (let i = 0; i < out.length; i++) {
      const label = labels[from + i] as number;
      const first = (from + i) * classes;
      const score = scores[first + label] as number;
      let above = 0;
      for (let c = 0; c < classes; c++) {
        const other = scores[first + c] as number;
        above += other > score || (other === score && c < label) ? 1 : 0;
      }
      out[i] = above < top ? 1 : 0;
    }
  };
}
