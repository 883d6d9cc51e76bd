import { areaUnderRoc } from "../metrics/auc.ts";
import { type LargestGap, largestGap } from "../metrics/ks.ts";
import { predictedClasses } from "../metrics/multiclass.ts";
import { type Queries, queriesOf } from "../metrics/queries.ts";
import { type Ranking, rankingOf } from "../metrics/ranking.ts";
import type { Uncertainty } from "../statistics/interval.ts";

export interface SideRows {
  labels: Float64Array;
  /** One a row; for several classes n × classes, row by row. Finite. */
  scores: Float64Array;
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
  readonly labels: Float64Array;
  readonly scores: Float64Array;
  readonly classes: number;
  readonly threshold: number;
  /** null where every row counts once. */
  readonly weights: Float64Array | null;
  readonly groups: Int32Array | null;
  readonly #values = new Map<string, number>();
  #ranking: Ranking | undefined;
  #auc: number | undefined;
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
