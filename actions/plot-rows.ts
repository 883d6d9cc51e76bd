/** The rows of an evaluation as the plots of a report take them. */
import type { Evaluation } from "@ml-actions/gates/evaluate";
import { baselineScores } from "@ml-actions/gates/evaluate/evaluation";
import type { Numbers } from "@ml-actions/gates/metrics/numbers";
import type { PlotRows } from "@ml-actions/reports";

/** Where no label is known at all, what needs none is still drawn. */
export function plotRows(evaluation: Evaluation): PlotRows {
  const { task, classes, threshold, weights = null, groups } = evaluation;
  const baseline = baselineScores(evaluation);
  const rows = {
    labels: evaluation.labels.every((label) => Number.isNaN(label)) ? null : doubles(evaluation.labels),
    candidate: doubles(evaluation.candidate),
    baseline: baseline && doubles(baseline),
    weights,
  };
  switch (task) {
    case "binary":
      return { task, ...rows, threshold };
    case "multiclass":
      return { task, ...rows, classes: classes ?? [] };
    case "ranking":
      return { task, ...rows, groups: groups ?? new Int32Array(evaluation.labels.length) };
    case "regression":
      return { task, ...rows };
  }
}

const doubles = (values: Numbers) => (values instanceof Float64Array ? values : new Float64Array(values));
