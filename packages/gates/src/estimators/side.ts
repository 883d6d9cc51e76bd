import { areaUnderRoc } from "../metrics/auc.ts";
import { type LargestGap, largestGap } from "../metrics/ks.ts";
import { predictedClasses } from "../metrics/multiclass.ts";
import type { Numbers } from "../metrics/numbers.ts";
import { type Queries, queriesOf } from "../metrics/queries.ts";
import { type Ranking, rankingOf } from "../metrics/ranking.ts";
import { release } from "../metrics/release.ts";
import { delongSe } from "../statistics/delong.ts";
import type { Uncertainty } from "../statistics/interval.ts";

export interface SideRows {
  labels: Numbers;
  /** One a row; for several classes n × classes, row by row. Finite. */
  scores: Numbers;
  /** 2 for binary, 0 for values. */
  classes: number;
  threshold: number;
  /** n, above 0; every row counts once without. */
  weights?: Float64Array | null;
  /** n, the query of every row of a ranking. */
  groups?: Int32Array | null;
}

/** One model's finite scores for labelled rows, with what several metrics share, made when first asked for. */
export class Side {
  readonly labels: Numbers;
  readonly scores: Numbers;
  readonly classes: number;
  readonly threshold: number;
  /** null where every row counts once. */
  readonly weights: Float64Array | null;
  readonly groups: Int32Array | null;
  readonly #values = new Map<string, number>();
  #ranking: Ranking | undefined;
  #auc: number | undefined;
  #aucSe: { baseline: Side; factor: number; se: number } | undefined;
  #gap: LargestGap | undefined;
  #predicted: Uint32Array | undefined;
  #queries: Queries | undefined;

  constructor(rows: SideRows) {
    this.labels = rows.labels;
    this.scores = rows.scores;
    this.classes = rows.classes;
    this.threshold = rows.threshold;
    this.weights = rows.weights ?? null;
    this.groups = rows.groups ?? null;
  }

  /** Rows. */
  get n(): number {
    return this.labels.length;
  }

  /** The value of a metric, computed once however many gates and tables ask for it. */
  valueOf(metric: string, estimator: Estimator): number {
    const value = this.#values.get(metric) ?? estimator.value(this);
    this.#values.set(metric, value);
    return value;
  }

  /** Binary only. */
  get ranking(): Ranking {
    this.#ranking ??= rankingOf(this.labels, this.scores, this.weights);
    return this.#ranking;
  }

  /** Binary only. */
  get auc(): number {
    this.#auc ??= areaUnderRoc(this.ranking);
    return this.#auc;
  }

  /** DeLong's standard error of AUC − factor·AUC of the baseline, which scores the same rows. The last one is kept: the
   * gate and the report ask for the same. Binary only. */
  aucSe(baseline: Side, factor: number): number {
    if (this.#aucSe?.baseline !== baseline || this.#aucSe.factor !== factor) {
      this.#aucSe = { baseline, factor, se: delongSe(this, this, baseline, factor) };
    }
    return this.#aucSe.se;
  }

  /** Binary only. */
  get gap(): LargestGap {
    this.#gap ??= largestGap(this.ranking);
    return this.#gap;
  }

  /** Index of the predicted class of every row; several classes only. */
  get predicted(): Uint32Array {
    this.#predicted ??= predictedClasses(this.scores, this.classes);
    return this.#predicted;
  }

  /** Gives back the memory of the ranking; what needs it cannot be asked afterwards. */
  release(): void {
    const { order, positive, tieEnd, weights } = this.#ranking ?? {};
    for (const array of [order, positive, tieEnd, weights]) {
      if (array) {
        release(array);
      }
    }
  }

  /** Rankings only. */
  get queries(): Queries {
    this.#queries ??= queriesOf(this.groups as Int32Array, this.scores);
    return this.#queries;
  }
}

/** How a metric is computed and how well it is known. */
export interface Estimator {
  /** Why these labels and scores have no such metric; undefined when they have. */
  undefinedFor(side: Side): string | undefined;
  value(side: Side): number;
  /** Of value(candidate) − factor · value(baseline) on the same rows, or of value(candidate) alone. The same seed draws
   * the same replicates, where there are any. */
  uncertainty(candidate: Side, baseline: Side | null, factor: number, seed: number): Uncertainty;
}
