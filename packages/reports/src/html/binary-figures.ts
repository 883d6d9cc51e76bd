/** The plots of a model of two classes. */
import { ascendingOrder } from "@ml-actions/gates/metrics/order";
import { calibrationBins } from "../data/calibration.ts";
import { likeness } from "../data/coverage.ts";
import { prCurve } from "../data/pr-curve.ts";
import { rocCurve } from "../data/roc-curve.ts";
import { finiteRows, finiteValues, type LabelledScores, type PlotRows } from "../data/rows.ts";
import { sweepOf } from "../data/sweep.ts";
import { count } from "../figures.ts";
import { calibrationPlot, type NamedBins } from "../plots/calibration.ts";
import type { Figure } from "../plots/canvas.ts";
import { distributionPlot } from "../plots/distribution.ts";
import { precisionRecallPlot } from "../plots/precision-recall.ts";
import { rocPlot } from "../plots/roc.ts";
import { confidenceWords } from "../story/story.ts";
import { type Judged, type Labels, withLeftOut } from "./judged.ts";

export type BinaryRows = Extract<PlotRows, { task: "binary" }>;

/** With labels: both curves, calibration, scores. Without: scores alone. */
export function binaryFigures(rows: BinaryRows, judged: Judged, names: Labels): Figure[] {
  const { labels, candidate, baseline, weights = null } = rows;
  const scores = scoreFigure(rows, judged, names);
  if (labels === null) return scores === null ? [] : [scores];
  const ours = ranked(finiteRows(labels, candidate, weights));
  const theirs = baseline === null ? null : ranked(finiteRows(labels, baseline, weights));
  const isProbability = inUnitRange(candidate) && (baseline === null || inUnitRange(baseline));
  const calibration =
    isProbability && ours.labels.length > 0 ? [calibrationFigure(ours, theirs, judged, names)] : [];
  return [
    ...curves(ours, theirs, judged, names),
    ...calibration,
    ...(scores === null ? [] : [withLeftOut(scores, ours, theirs)]),
  ];
}

/** Sorted once for all plots: of a million rows that is most of the work. */
interface Ranked extends LabelledScores {
  order: Uint32Array;
}

function ranked(part: LabelledScores): Ranked {
  return { ...part, order: ascendingOrder(part.scores) };
}

function curves(
  ours: Ranked,
  theirs: Ranked | null,
  { comparison, confidence }: Judged,
  names: Labels,
): Figure[] {
  const swept = sweepOf(ours, ours.order);
  const sweptBaseline = theirs === null ? null : sweepOf(theirs, theirs.order);
  const candidate = { roc: rocCurve(swept), pr: prCurve(swept) };
  const baseline = {
    roc: sweptBaseline === null ? null : rocCurve(sweptBaseline),
    pr: sweptBaseline === null ? null : prCurve(sweptBaseline),
  };
  const auc = comparison?.auc ?? null;
  const difference = auc === null ? null : { ...auc, confidence: confidenceWords(confidence) };
  const named = <Curve>(label: string, curve: Curve | null) => (curve === null ? null : { label, curve });
  const roc = named(names.candidate, candidate.roc);
  const pr = named(names.candidate, candidate.pr);
  return [
    ...(roc === null ? [] : [rocPlot("roc", roc, named(names.baseline, baseline.roc), difference)]),
    ...(pr === null || candidate.roc === null
      ? []
      : [precisionRecallPlot("pr", pr, named(names.baseline, baseline.pr))]),
  ];
}

function calibrationFigure(ours: Ranked, theirs: Ranked | null, { metrics }: Judged, names: Labels): Figure {
  const bins = (label: string, part: Ranked, of: Readonly<Record<string, number>> | null): NamedBins => ({
    label,
    bins: calibrationBins(part, part.order),
    scores: { values: part.scores, weights: part.weights },
    ece: { width: finite(of?.ece), mass: finite(of?.ece_mass) },
  });
  const other = theirs === null ? null : bins(names.baseline, theirs, metrics.baseline);
  return calibrationPlot("calibration", bins(names.candidate, ours, metrics.candidate), other);
}

/** null when no model gave a single number. */
function scoreFigure(rows: BinaryRows, { metrics }: Judged, names: Labels): Figure | null {
  const { labels, candidate, baseline, weights = null, threshold } = rows;
  const panel = (words: string, wanted: (row: number) => boolean) => {
    const ours = finiteValues(candidate, weights, wanted);
    const of = words === "" ? "" : `${count(ours.values.length)} ${words}`;
    return {
      words: of,
      candidate: ours,
      baseline: baseline === null ? null : finiteValues(baseline, weights, wanted),
    };
  };
  const panels =
    labels === null
      ? [panel("", () => true)]
      : [
          panel("positive rows", (row) => labels[row] === 1),
          panel("negative rows", (row) => labels[row] === 0),
        ];
  const filled = panels.filter(
    (part) => part.candidate.values.length + (part.baseline?.values.length ?? 0) > 0,
  );
  if (filled.length === 0) return null;
  const isProbability = inUnitRange(candidate) && (baseline === null || inUnitRange(baseline));
  const { scoreDrift } = likeness({ metrics });
  const apart =
    scoreDrift === null
      ? ""
      : ` The two models' distributions are ${scoreDrift.toFixed(3)} apart (KS distance).`;
  return distributionPlot("scores", {
    title: "Scores",
    caption:
      labels === null
        ? `How often each score was given.${apart}`
        : `How often each score was given to rows that are positive (above) and negative (below). The further apart, the better.${apart}`,
    axis: "Score",
    candidate: names.candidate,
    baseline: baseline === null ? null : names.baseline,
    panels: filled,
    range: isProbability ? [0, 1] : null,
    mark:
      threshold === null ? null : { at: threshold, words: `threshold ${Number(threshold.toPrecision(4))}` },
  });
}

function inUnitRange(scores: Float64Array): boolean {
  return scores.every((score) => !Number.isFinite(score) || (score >= 0 && score <= 1));
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
