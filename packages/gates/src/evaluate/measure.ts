import { latencyQuantile } from "../catalog.ts";
import { sampleOfQueries } from "../estimators/from-queries.ts";
import { estimatorFor } from "../estimators/registry.ts";
import { independentDifference } from "../statistics/difference.ts";
import { effectiveRows } from "../statistics/influence.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { quantileOfSorted, quantileUncertainty, valuesForUpperBound } from "../statistics/quantile.ts";
import { emptyTally, weightedCellBootstrap } from "../statistics/weighted-cells.ts";
import type { Task } from "../types.ts";
import { agreement, scoreDrift, shareOf } from "./between-models.ts";
import { counted, countRows, fewestRows, type Instrument, spoiltReading, unread } from "./instrument.ts";
import type { ModelRows, Rows } from "./rows.ts";

export { fewestRows, type Instrument, type Reading } from "./instrument.ts";

/** `name` was checked to be an offline metric of the task. */
export function instrumentFor(name: string, task: Task): Instrument {
  const q = latencyQuantile(name);
  if (q !== undefined) {
    return latencyInstrument(q);
  }
  return Object.hasOwn(withoutLabels, name)
    ? (withoutLabels[name] as Instrument)
    : labelledInstrument(name, task);
}

function labelledInstrument(name: string, task: Task): Instrument {
  const estimator = estimatorFor(task, name);
  if (estimator === undefined) {
    throw new TypeError(`the catalog has ${name} for ${task} models and no estimator does`);
  }
  return {
    read(model, rows) {
      const spoilt = spoiltReading(model, rows);
      if (spoilt !== undefined) {
        return spoilt;
      }
      const { n, missingLabels } = rows;
      const { side } = model;
      if (side === null) {
        return unread(
          n === 0 ? "there are no rows" : `${counted(missingLabels)} of ${counted(n)} labels are missing`,
        );
      }
      const undefinedBecause = estimator.undefinedFor(side);
      if (undefinedBecause !== undefined) {
        return unread(`undefined, for ${undefinedBecause}`);
      }
      const value = side.valueOf(name, estimator);
      return Number.isFinite(value)
        ? { ok: true, value }
        : unread("undefined, for the numbers are too large to compute with");
    },
    uncertainty({ candidate, baseline }, against, seed) {
      const compared = against === null ? null : (baseline?.side ?? null);
      if (candidate.side === null) {
        throw new TypeError("an interval was asked for of rows that could not be read");
      }
      return estimator.uncertainty(candidate.side, compared, against?.factor ?? 0, seed);
    },
    count: task === "ranking" ? countQueries : countRows,
    fewest: () => fewestRows,
  };
}

/** Queries, or what they are worth. */
function countQueries({ candidate, n }: Rows): number {
  const { side } = candidate;
  if (side === null) {
    return n;
  }
  return Math.floor(effectiveRows(sampleOfQueries(side)) * (1 + 1e-12));
}

const nanRate: Instrument = {
  read({ unusable }, { n, weights }) {
    return n === 0 ? unread("there are no rows") : { ok: true, value: shareOf(unusable, weights).value };
  },
  uncertainty({ candidate, baseline, weights }, against, seed) {
    if (against === null || baseline === null) {
      return shareOf(candidate.unusable, weights).uncertainty();
    }
    const tally = emptyTally(4);
    for (let i = 0; i < candidate.unusable.length; i++) {
      const cell = 2 * (candidate.unusable[i] as number) + (baseline.unusable[i] as number);
      const weight = weights === null ? 1 : (weights[i] as number);
      tally.sums[cell] = (tally.sums[cell] as number) + weight;
      tally.squares[cell] = (tally.squares[cell] as number) + weight * weight;
    }
    const rate = (c: Float64Array): number => {
      const [neither, theirs, ours, both] = c as unknown as [number, number, number, number];
      return (ours + both - against.factor * (theirs + both)) / (neither + theirs + ours + both);
    };
    return weightedCellBootstrap({ name: `nan_rate ${against.factor}`, tally, smoothing: 0.5 }, rate, seed);
  },
  count: countRows,
  fewest: () => 1,
};

const withoutLabels: Readonly<Record<string, Instrument>> = {
  nan_rate: nanRate,
  agreement,
  score_drift: scoreDrift,
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
        return unread("latency was not measured for these rows");
      }
      const strange = latencyMs.filter((ms) => !(ms >= 0 && ms < Infinity)).length;
      return strange > 0
        ? unread(`${counted(strange)} of ${counted(latencyMs.length)} times are not times`)
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
