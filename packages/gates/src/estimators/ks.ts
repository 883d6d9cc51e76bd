import { classTotals } from "../metrics/auc.ts";
import type { RowValues } from "../metrics/losses.ts";
import type { Linearised } from "../statistics/influence.ts";
import { fromInfluence } from "./from-influence.ts";
import { negatives, positives } from "./requirements.ts";
import type { Estimator, Side } from "./side.ts";

export const ks: Estimator = fromInfluence({
  value: (side) => side.gap.distance,
  estimate: linearised,
  needs: [positives, negatives],
  scale: 1,
});

/** At the threshold of the largest gap, held fixed: ± (1[s ≤ t] − F) over the share of the row's class. */
function linearised({ labels, ranking, weights, n, gap }: Side): Linearised {
  const totals = classTotals(ranking, weights);
  const total = totals.positives + totals.negatives;
  const sign = gap.positivesBelow >= gap.negativesBelow ? 1 : -1;
  const below = new Uint8Array(n);
  for (let place = 0; place < gap.places; place++) {
    below[ranking.order[place] as number] = 1;
  }
  const influences: RowValues = (from, out) => {
    for (let i = 0; i < out.length; i++) {
      const isBelow = below[from + i] as number;
      out[i] =
        labels[from + i] === 1
          ? (sign * (isBelow - gap.positivesBelow) * total) / totals.positives
          : (-sign * (isBelow - gap.negativesBelow) * total) / totals.negatives;
    }
  };
  return { value: gap.distance, n, weights, influences };
}
