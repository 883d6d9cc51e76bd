/** The rows of an evaluation as the plots of a report take them. */
import type { Evaluation } from "@ml-actions/gates/evaluate";
import type { PlotRows } from "@ml-actions/reports";

export function plotRows({ task, classes, labels, candidate, baseline, threshold }: Evaluation): PlotRows {
  const rows = { labels, candidate, baseline: baseline instanceof Float64Array ? baseline : null };
  if (task === "binary") return { task, ...rows, threshold };
  if (task === "multiclass") return { task, ...rows, classes: classes ?? [] };
  // Relevance and scores of a ranking are drawn as values are.
  return { task: "regression", ...rows };
}
