/** Which plots tell what about a model of each task. */
import type { Verdict } from "@ml-actions/gates/types";
import { calibrationBins } from "../data/calibration.ts";
import { confusionMatrix } from "../data/confusion.ts";
import { rocCurve } from "../data/roc-curve.ts";
import { finiteOnly, finiteRows, type PlotRows } from "../data/rows.ts";
import { metricSlices, sliceGroups } from "../data/slices.ts";
import { count } from "../figures.ts";
import type { ModelMetrics } from "../inputs.ts";
import { calibrationPlot } from "../plots/calibration.ts";
import type { Figure } from "../plots/canvas.ts";
import { confusionPlot } from "../plots/confusion.ts";
import { distributionPlot } from "../plots/distribution.ts";
import { metricSlicePlot } from "../plots/metric-slices.ts";
import { residualPlot } from "../plots/residuals.ts";
import { rocPlot } from "../plots/roc.ts";
import { slicePlot } from "../plots/slices.ts";

/** More groups than this is a wall of plots; the table has every slice. */
const groupsShown = 6;

export interface Labels {
  candidate: string;
  baseline: string;
}

type Rows<Task extends PlotRows["task"]> = Extract<PlotRows, { task: Task }>;

export function evaluationFigures(
  rows: PlotRows | null,
  { verdicts, metrics }: { verdicts: readonly Verdict[]; metrics: ModelMetrics },
  names: Labels,
): Figure[] {
  const gated = sliceGroups(verdicts).map((group, index) => slicePlot(`slices-${index}`, group));
  const others = metricSlices(metrics, verdicts).map((group, index) =>
    metricSlicePlot(`sliced-${index}`, group, names),
  );
  const slices = [...gated, ...others].slice(0, groupsShown);
  return rows === null ? slices : [...slices, ...taskFigures(rows, names)];
}

function taskFigures(rows: PlotRows, names: Labels): Figure[] {
  switch (rows.task) {
    case "binary":
      return binaryFigures(rows, names);
    case "multiclass":
      return multiclassFigures(rows, names);
    case "regression":
      return regressionFigures(rows, names);
  }
}

function binaryFigures(rows: Rows<"binary">, names: Labels): Figure[] {
  const { labels, candidate, baseline } = rows;
  const scores = binaryScores(rows, names);
  if (labels === null) return [scores, ...agreement(rows, names)];
  const ours = finiteRows(labels, candidate);
  const theirs = baseline === null ? null : finiteRows(labels, baseline);
  const curve = rocCurve(ours);
  const other = theirs === null ? null : rocCurve(theirs);
  const bins = (named: string, part: typeof ours) => ({ label: named, bins: calibrationBins(part) });
  const roc =
    curve === null
      ? []
      : [
          rocPlot(
            "roc",
            { label: names.candidate, curve },
            other === null ? null : { label: names.baseline, curve: other },
          ),
        ];
  const isProbability = inUnitRange(candidate) && (baseline === null || inUnitRange(baseline));
  const calibration =
    isProbability && ours.labels.length > 0
      ? [
          calibrationPlot(
            "calibration",
            bins(names.candidate, ours),
            theirs === null ? null : bins(names.baseline, theirs),
          ),
        ]
      : [];
  return [...roc, ...calibration, withLeftOut(scores, ours.left, theirs?.left ?? 0)];
}

function binaryScores({ labels, candidate, baseline, threshold }: Rows<"binary">, names: Labels): Figure {
  const of = (scores: Float64Array, label: number) =>
    finiteOnly(scores.filter((_, row) => labels?.[row] === label));
  const panel = (words: string, label: number) => ({
    words,
    candidate: of(candidate, label),
    baseline: baseline === null ? null : of(baseline, label),
  });
  const whole = {
    words: "",
    candidate: finiteOnly(candidate),
    baseline: baseline === null ? null : finiteOnly(baseline),
  };
  const isProbability = inUnitRange(candidate) && (baseline === null || inUnitRange(baseline));
  return distributionPlot("scores", {
    title: "Scores",
    caption:
      labels === null
        ? "How often each score was given."
        : "How often each score was given to rows that are positive (above) and negative (below). The further apart, the better.",
    axis: "Score",
    candidate: names.candidate,
    baseline: baseline === null ? null : names.baseline,
    panels: labels === null ? [whole] : [panel("positive rows", 1), panel("negative rows", 0)],
    range: isProbability ? [0, 1] : null,
    mark: threshold === null ? null : { at: threshold, words: `threshold ${threshold}` },
  });
}

/** Without labels: by how much the two models differ on the same request. */
function agreement(
  { candidate, baseline }: { candidate: Float64Array; baseline: Float64Array | null },
  names: Labels,
): Figure[] {
  if (baseline === null) return [];
  const differences = finiteOnly(candidate.map((score, row) => score - (baseline[row] ?? Number.NaN)));
  if (differences.length === 0) return [];
  return [
    distributionPlot("agreement", {
      title: "Agreement",
      caption: `${names.candidate} minus ${names.baseline} on the same request. A peak at 0 is two models that say the same.`,
      axis: "Difference",
      candidate: names.candidate,
      baseline: null,
      panels: [{ words: "", candidate: differences, baseline: null }],
      range: null,
      mark: { at: 0, words: "the same" },
    }),
  ];
}

function multiclassFigures(
  { labels, candidate, baseline, classes }: Rows<"multiclass">,
  names: Labels,
): Figure[] {
  if (labels === null) return [];
  const ours = confusionPlot("confusion", names.candidate, confusionMatrix(labels, candidate, classes));
  if (baseline === null) return [ours];
  return [
    ours,
    confusionPlot("confusion-baseline", names.baseline, confusionMatrix(labels, baseline, classes)),
  ];
}

function regressionFigures(rows: Rows<"regression">, names: Labels): Figure[] {
  const { labels, candidate, baseline } = rows;
  if (labels === null) return agreement(rows, names);
  const ours = finiteRows(labels, candidate);
  const theirs = baseline === null ? null : finiteRows(labels, baseline);
  const errors = (part: typeof ours) => part.scores.map((value, row) => value - (part.labels[row] ?? 0));
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
    withLeftOut(
      residualPlot("residuals", names.candidate, ours.labels, ours.scores),
      ours.left,
      theirs?.left ?? 0,
    ),
    ...(theirs === null
      ? []
      : [residualPlot("residuals-baseline", names.baseline, theirs.labels, theirs.scores)]),
    distribution,
  ];
}

function withLeftOut(figure: Figure, candidate: number, baseline: number): Figure {
  if (candidate + baseline === 0) return figure;
  const words = `${figure.caption} Left out because the answer was no number: ${count(candidate)} of the candidate, ${count(baseline)} of the baseline.`;
  return { ...figure, caption: words };
}

function inUnitRange(scores: Float64Array): boolean {
  return scores.every((score) => !Number.isFinite(score) || (score >= 0 && score <= 1));
}
