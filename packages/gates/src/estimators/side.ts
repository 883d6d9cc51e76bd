import { type Placements, placementsOf } from "../metrics/auc.ts";
import { type Confusion, confusionOf } from "../metrics/confusion.ts";
import { predictedClasses } from "../metrics/multiclass.ts";
import { type Ranking, rankingOf } from "../metrics/ranking.ts";
import type { Uncertainty } from "../statistics/interval.ts";

/** One model's finite scores for labelled rows, with what several metrics share, made when first asked for. */
export class Side {
  readonly labels: Float64Array;
  /** One a row; for several classes n × classes, row by row. */
  readonly scores: Float64Array;
  /** 2 for binary, 0 for regression. */
  readonly classes: number;
  readonly threshold: number;
  #ranking: Ranking | undefined;
  #placements: Placements | undefined;
  #confusion: Confusion | undefined;
  #predicted: Uint32Array | undefined;

  constructor(rows: { labels: Float64Array; scores: Float64Array; classes: number; threshold: number }) {
    this.labels = rows.labels;
    this.scores = rows.scores;
    this.classes = rows.classes;
    this.threshold = rows.threshold;
  }

  /** Binary only. */
  get ranking(): Ranking {
    this.#ranking ??= rankingOf(this.labels, this.scores);
    return this.#ranking;
  }

  get placements(): Placements {
    this.#placements ??= placementsOf(this.ranking);
    return this.#placements;
  }

  get confusion(): Confusion {
    this.#confusion ??= confusionOf(this.labels, this.scores, this.threshold);
    return this.#confusion;
  }

  /** Index of the predicted class of every row. */
  get predicted(): Uint32Array {
    this.#predicted ??= predictedClasses(this.scores, this.classes);
    return this.#predicted;
  }
}

/** How a metric is computed and how well it is known. */
export interface Estimator {
  /** Why these labels and scores have no such metric; undefined when they have. */
  undefinedFor(side: Side): string | undefined;
  value(side: Side): number;
  /** Of value(candidate) − factor · value(baseline) on the same rows, or of value(candidate) alone. `seed` is that of
   * everything random. */
  uncertainty(candidate: Side, baseline: Side | null, factor: number, seed: number): Uncertainty;
}
