/** Which plots tell what about a model of each task. */
import { meanByPosition } from "../data/by-position.ts";
import { agreementMatrix, confusionMatrix } from "../data/confusion.ts";
import { likeness } from "../data/coverage.ts";
import { shareWords } from "../data/drift.ts";
import { finiteRows, finiteValues, type LabelledScores, type PlotRows } from "../data/rows.ts";
import { metricSlices, sliceGroups } from "../data/slices.ts";
import { byPositionPlot } from "../plots/by-position.ts";
import type { Figure } from "../plots/canvas.ts";
import { agreementPlot, confusionPlot } from "../plots/confusion.ts";
import { distributionPlot } from "../plots/distribution.ts";
import { metricSlicePlot } from "../plots/metric-slices.ts";
import { residualPlot } from "../plots/residuals.ts";
import { slicePlot } from "../plots/slices.ts";
import { binaryFigures } from "./binary-figures.ts";
import { type Judged, type Labels, withLeftOut } from "./judged.ts";

/** More groups than this is a wall of plots; the table has every slice. */
const groupsShown = 6;

type Rows<Task extends PlotRows["task"]> = Extract<PlotRows, { task: Task }>;

export function evaluationFigures(rows: PlotRows | null, judged: Judged, names: Labels): Figure[] {
  const { verdicts, metrics } = judged;
  const gated = sliceGroups(verdicts).map((group, index) => slicePlot(`slices-${index}`, group));
  const others = metricSlices(metrics, verdicts).map((group, index) =>
    metricSlicePlot(`sliced-${index}`, group, names),
  );
  const ofTask = rows === null ? [] : taskFigures(rows, judged, names);
  return [
    ...gated.slice(0, groupsShown),
    ...ofTask,
    ...others.slice(0, Math.max(0, groupsShown - gated.length)),
  ];
}

function taskFigures(rows: PlotRows, judged: Judged, names: Labels): Figure[] {
  const between = rows.labels === null || judged.bothSides === true ? betweenModels(rows, judged, names) : [];
  switch (rows.task) {
    case "binary":
      return [...binaryFigures(rows, judged, names), ...between];
    case "multiclass":
      return [...multiclassFigures(rows, names), ...between];
    case "regression":
      return [...regressionFigures(rows, names), ...between];
    case "ranking":
      return [...rankingFigures(rows, names), ...between];
  }
}

/** What needs no labels: by how much the two models differ on the same request. */
function betweenModels(rows: PlotRows, { metrics }: Judged, names: Labels): Figure[] {
  const { candidate, baseline, weights } = rows;
  if (baseline === null) return [];
  if (rows.task === "multiclass") {
    const matrix = agreementMatrix(baseline, candidate, rows.classes, weights ?? null);
    return [agreementPlot("agreement", names, matrix)];
  }
  const { agreement } = likeness({ metrics });
  const same =
    agreement === null ? "" : ` They predict the same class on ${shareWords(agreement)} of the requests.`;
  const differences = finiteValues(
    candidate.map((score, row) => score - (baseline[row] ?? Number.NaN)),
    weights ?? null,
  );
  if (differences.values.length === 0) return [];
  return [
    distributionPlot("agreement", {
      title: "Agreement",
      caption: `${names.candidate} minus ${names.baseline} on the same request. A peak at 0 is two models that say the same.${same}`,
      axis: "Difference",
      candidate: names.candidate,
      baseline: null,
      panels: [{ words: "", candidate: differences, baseline: null }],
      range: null,
      mark: { at: 0, words: "the same" },
    }),
  ];
}

function multiclassFigures(rows: Rows<"multiclass">, names: Labels): Figure[] {
  const { labels, candidate, baseline, classes, weights = null } = rows;
  if (labels === null) return [];
  const matrix = (scores: Float64Array) => confusionMatrix(labels, scores, classes, weights);
  const ours = confusionPlot("confusion", names.candidate, matrix(candidate));
  if (baseline === null) return [ours];
  return [ours, confusionPlot("confusion-baseline", names.baseline, matrix(baseline))];
}

function regressionFigures(rows: Rows<"regression">, names: Labels): Figure[] {
  const { labels, candidate, baseline, weights = null } = rows;
  if (labels === null) return [];
  const ours = finiteRows(labels, candidate, weights);
  const theirs = baseline === null ? null : finiteRows(labels, baseline, weights);
  const errors = (part: LabelledScores) => ({
    values: part.scores.map((value, row) => value - (part.labels[row] ?? 0)),
    weights: part.weights,
  });
  if (ours.labels.length === 0) return [];
  const distribution = distributionPlot("errors", {
    title: "Errors",
    caption: "How often each error (prediction minus truth) was made. Narrow and centred on 0 is good.",
    axis: "Prediction − truth",
    candidate: names.candidate,
    baseline: theirs === null ? null : names.baseline,
    panels: [{ words: "", candidate: errors(ours), baseline: theirs === null ? null : errors(theirs) }],
    range: null,
    mark: { at: 0, words: "no error" },
  });
  return [
    withLeftOut(residualPlot("residuals", names.candidate, ours), ours, theirs),
    ...(theirs === null ? [] : [residualPlot("residuals-baseline", names.baseline, theirs)]),
    distribution,
  ];
}

function rankingFigures(rows: Rows<"ranking">, names: Labels): Figure[] {
  const { labels, candidate, baseline, groups, weights = null } = rows;
  if (labels === null) return [];
  const means = (scores: Float64Array) => meanByPosition({ labels, scores, groups, weights });
  const figure = byPositionPlot(
    "positions",
    { label: names.candidate, means: means(candidate) },
    baseline === null ? null : { label: names.baseline, means: means(baseline) },
  );
  return figure === null ? [] : [figure];
}
