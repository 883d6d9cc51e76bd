import { latencyQuantile } from "../catalog.ts";
import { estimators } from "../estimators/registry.ts";
import { cellBootstrap } from "../statistics/cell-bootstrap.ts";
import { independentDifference } from "../statistics/difference.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { proportionUncertainty } from "../statistics/proportion.ts";
import { quantileOfSorted, quantileUncertainty, valuesForUpperBound } from "../statistics/quantile.ts";
import type { Task } from "../types.ts";
import type { ModelRows, Rows } from "./rows.ts";

/** One model's value of a metric, or why it has none. `spoilt`: the model's own fault, its scores are unusable. */
export type Reading = { ok: true; value: number } | { ok: false; spoilt: boolean; reason: string };

/** A metric as the evaluation can ask for it. */
export interface Instrument {
  read(model: ModelRows, rows: Rows): Reading;
  /** Of candidate − factor × baseline, or of the candidate alone; both were read before. */
  uncertainty(rows: Rows, against: { factor: number } | null, seed: number): Uncertainty;
  /** Values that `read` rests on. */
  count(rows: Rows, against: boolean): number;
  /** Fewest values with which the interval has two ends at this confidence; what is missing is said in this many. */
  fewest(confidence: number): number;
}

/** Below this, neither the normal approximation nor the bootstrap keeps what it promises (the habitual minimum of
 * the central limit theorem; our simulations agree). */
export const fewestRows = 30;

/** `name` was checked to be an offline metric of the task. */
export function instrumentFor(name: string, task: Task): Instrument {
  const q = latencyQuantile(name);
  if (q !== undefined) {
    return latencyInstrument(q);
  }
  return name === "nan_rate" ? nanRate : labelledInstrument(name, task);
}

/** In the catalog, its estimator still to come. */
const absent: Instrument = {
  read: () => ({ ok: false, spoilt: false, reason: "not built yet" }),
  uncertainty: () => ({ se: Infinity, at: () => ({ low: -Infinity, high: Infinity }) }),
  count: ({ n }) => n,
  fewest: () => fewestRows,
};

function labelledInstrument(name: string, task: Task): Instrument {
  const estimator = estimators[task][name];
  if (estimator === undefined) {
    return absent;
  }
  return {
    read({ side, unusableCount }, { n, missingLabels }) {
      if (unusableCount > 0) {
        return {
          ok: false,
          spoilt: true,
          reason: `${count(unusableCount)} of ${count(n)} scores are NaN or infinite`,
        };
      }
      if (side === null) {
        const reason =
          n === 0 ? "there are no rows" : `${count(missingLabels)} of ${count(n)} labels are missing`;
        return { ok: false, spoilt: false, reason };
      }
      const undefinedBecause = estimator.undefinedFor(side);
      if (undefinedBecause !== undefined) {
        return { ok: false, spoilt: false, reason: `undefined, for ${undefinedBecause}` };
      }
      const value = estimator.value(side);
      return Number.isFinite(value)
        ? { ok: true, value }
        : {
            ok: false,
            spoilt: false,
            reason: "undefined, for the numbers are too large to compute with",
          };
    },
    uncertainty({ candidate, baseline }, against, seed) {
      const compared = against === null ? null : (baseline?.side ?? null);
      if (candidate.side === null) {
        throw new TypeError("an interval was asked for of rows that could not be read");
      }
      return estimator.uncertainty(candidate.side, compared, against?.factor ?? 0, seed);
    },
    count: ({ n }) => n,
    fewest: () => fewestRows,
  };
}

const nanRate: Instrument = {
  read({ unusableCount }, { n }) {
    return n === 0
      ? { ok: false, spoilt: false, reason: "there are no rows" }
      : { ok: true, value: unusableCount / n };
  },
  uncertainty({ candidate, baseline, n }, against, seed) {
    if (against === null || baseline === null) {
      return proportionUncertainty(candidate.unusableCount, n);
    }
    const counts = new Float64Array(4);
    candidate.unusable.forEach((unusable, row) => {
      const cell = 2 * unusable + (baseline.unusable[row] as number);
      counts[cell] = (counts[cell] as number) + 1;
    });
    const rate = (c: Float64Array): number =>
      ((c[2] as number) + (c[3] as number) - against.factor * ((c[1] as number) + (c[3] as number))) / n;
    return cellBootstrap({ name: `nan_rate ${against.factor}`, counts, smoothing: 0.5 }, rate, seed);
  },
  count: ({ n }) => n,
  fewest: () => 1,
};

/** Times of both models are taken as independent: they are measured one model after the other. */
function latencyInstrument(q: number): Instrument {
  const own = (model: ModelRows): { value: number; uncertainty: Uncertainty } => {
    const sorted = model.latencyMs as Float64Array;
    return { value: quantileOfSorted(sorted, q), uncertainty: quantileUncertainty(sorted, q) };
  };
  return {
    read({ latencyMs }) {
      if (latencyMs === null || latencyMs.length === 0) {
        return { ok: false, spoilt: false, reason: "latency was not measured for these rows" };
      }
      const strange = latencyMs.filter((ms) => !(ms >= 0 && ms < Infinity)).length;
      return strange > 0
        ? {
            ok: false,
            spoilt: false,
            reason: `${count(strange)} of ${count(latencyMs.length)} times are not times`,
          }
        : { ok: true, value: quantileOfSorted(latencyMs, q) };
    },
    uncertainty({ candidate, baseline }, against) {
      const a = own(candidate);
      return against === null || baseline === null
        ? a.uncertainty
        : independentDifference(a, own(baseline), against.factor);
    },
    count({ candidate, baseline }, against) {
      const own = candidate.latencyMs?.length ?? 0;
      return against ? Math.min(own, baseline?.latencyMs?.length ?? own) : own;
    },
    fewest: (confidence) =>
      Math.max(valuesForUpperBound(q, confidence), valuesForUpperBound(1 - q, confidence)),
  };
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
