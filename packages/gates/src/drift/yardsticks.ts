import { binomialCdf } from "../statistics/binomial-tail.ts";
import { independentDifference } from "../statistics/difference.ts";
import type { Uncertainty } from "../statistics/interval.ts";
import { proportionUncertainty } from "../statistics/proportion.ts";
import type { Bound } from "../types.ts";
import { coarseLine, ksOfCells, type Line, wassersteinOfCells } from "./cell-distances.ts";
import { normalTail } from "./chi-square-tail.ts";
import { chi2, js, kl, psi } from "./divergences.ts";
import { effectUncertainty } from "./effect-bootstrap.ts";
import type { Measured } from "./features.ts";
import { ksP } from "./ks-test.ts";
import { permutationP } from "./permutation.ts";

export interface Draw {
  seed: number;
  draws: number;
}

/** How a gate's metric is read of a feature that was measured. */
export interface Yardstick {
  /** Metrics of numbers say nothing of categories. */
  numbersOnly: boolean;
  /** null where it could not be had. */
  effect: (measured: Measured) => number | null;
  /** Chance of such an effect when nothing has drifted; of such a share when the bound is kept. */
  p: (measured: Measured, bound: Bound, draw: Draw) => number;
  uncertainty: (measured: Measured, bound: Bound, draw: Draw) => Uncertainty;
}

type Distance = (reference: ArrayLike<number>, current: ArrayLike<number>) => number;

/** Distances between bins share the test of the bins. */
function ofBins(name: "psi" | "kl" | "js" | "chi2", distance: Distance): Yardstick {
  return {
    numbersOnly: false,
    effect: ({ drift }) => drift[name],
    p: ({ drift }) => drift.p as number,
    uncertainty: ({ bins, drift }, _, { seed }) =>
      effectUncertainty(
        Float64Array.from(bins, (bin) => bin.reference),
        Float64Array.from(bins, (bin) => bin.current),
        distance,
        { name: `${name} ${drift.feature}`, seed },
      ),
  };
}

const ksDistance: Yardstick = {
  numbersOnly: true,
  effect: ({ drift }) => drift.ks,
  p: ({ drift, line }) => ksP(drift.ks as number, total(line?.reference), total(line?.current)),
  uncertainty: ({ drift, line }, _, { seed }) => {
    const { reference, current } = coarseLine(line as Line);
    return shifted(
      effectUncertainty(reference, current, ksOfCells, { name: `ks ${drift.feature}`, seed }),
      (drift.ks as number) - ksOfCells(reference, current),
    );
  },
};

/** Its test is a permutation of its own: a single outlier moves the distance, but is as likely in either table. */
const wasserstein: Yardstick = {
  numbersOnly: true,
  effect: ({ drift }) => drift.wasserstein,
  p: ({ drift, line }, _, { seed, draws }) => {
    const { reference, current, distance } = moved(line as Line);
    return permutationP(reference, current, distance, { name: `wasserstein ${drift.feature}`, seed, draws });
  },
  uncertainty: ({ drift, line }, _, { seed }) => {
    const { reference, current, distance } = moved(line as Line);
    return shifted(
      effectUncertainty(reference, current, distance, { name: `wasserstein ${drift.feature}`, seed }),
      (drift.wasserstein as number) - distance(reference, current),
    );
  },
};

function moved(line: Line): Omit<Line, "places"> & {
  distance: (p: Float64Array, q: Float64Array) => number;
} {
  const { places, reference, current } = coarseLine(line);
  return { reference, current, distance: (p, q) => wassersteinOfCells(places, p, q) };
}

/** Of the current data; against the baseline it is compared with the reference's. */
const missingRate: Yardstick = {
  numbersOnly: false,
  effect: ({ drift }) => drift.missing.current,
  p: ({ drift: { missing, rows } }, bound) => {
    const count = Math.round(missing.current * rows.current);
    if (bound.kind === "absolute") return 1 - binomialCdf(count - 1, rows.current, bound.value);
    const excess = missing.current - bound.factor * missing.reference - bound.offset;
    const before = Math.round(missing.reference * rows.reference);
    return normalTail(
      excess / Math.hypot(errorOf(count, rows.current), bound.factor * errorOf(before, rows.reference)),
    );
  },
  uncertainty: ({ drift: { missing, rows } }, bound) => {
    const of = (side: "reference" | "current") => ({
      value: missing[side],
      uncertainty: proportionUncertainty(Math.round(missing[side] * rows[side]), rows[side]),
    });
    if (bound.kind === "absolute") return of("current").uncertainty;
    const shift = bound.factor * missing.reference;
    return shifted(independentDifference(of("current"), of("reference"), bound.factor), shift);
  },
};

/** Standard error of a share, two rows of each kind added, so that none is not certainty (A. Agresti, B. Caffo,
 * American Statistician 54 (2000)). */
function errorOf(count: number, rows: number): number {
  const share = (count + 1) / (rows + 2);
  return Math.sqrt((share * (1 - share)) / (rows + 2));
}

function shifted({ se, at }: Uncertainty, by: number): Uncertainty {
  return {
    se,
    at(confidence) {
      const { low, high } = at(confidence);
      return { low: low + by, high: high + by };
    },
  };
}

function total(counts: Float64Array | undefined): number {
  return counts?.reduce((sum, rows) => sum + rows, 0) ?? 0;
}

/** Of every metric of a feature; a test holds this against the catalog. */
export const yardsticks: Readonly<Record<string, Yardstick>> = {
  psi: ofBins("psi", psi),
  kl: ofBins("kl", kl),
  js: ofBins("js", js),
  chi2: ofBins("chi2", chi2),
  ks_distance: ksDistance,
  wasserstein,
  missing_rate: missingRate,
};
