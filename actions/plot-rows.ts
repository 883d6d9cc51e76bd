/** The rows of an evaluation as the plots of a report take them. */
import type { Evaluation } from "@ml-actions/gates/evaluate";
import type { PlotRows } from "@ml-actions/reports";

/** Where no label is known at all, what needs none is still drawn. */
export function plotRows(evaluation: Evaluation): PlotRows {
  const { task, classes, candidate, baseline, threshold, weights = null, groups } = evaluation;
  const labels = evaluation.labels.every(Number.isNaN) ? null : evaluation.labels;
  const rows = { labels, candidate, baseline: baseline instanceof Float64Array ? baseline : null, weights };
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
