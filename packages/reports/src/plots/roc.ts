import type { RocCurve } from "../data/roc-curve.ts";
import { html } from "../html/markup.ts";
import { axes, drawing, type Figure, height, path, usualInset, width } from "./canvas.ts";
import { linear } from "./scale.ts";

export interface NamedCurve {
  label: string;
  curve: RocCurve;
}

export function rocPlot(id: string, candidate: NamedCurve, baseline: NamedCurve | null): Figure {
  const x = linear([0, 1], [usualInset.left, width - usualInset.right], share);
  const y = linear([0, 1], [height - usualInset.bottom, usualInset.top], share);
  const line = ({ curve }: NamedCurve) => path(curve.points.map(([fpr, tpr]) => [x(fpr), y(tpr)] as const));
  const entry = (mark: "candidate" | "baseline", { label, curve }: NamedCurve) => ({
    mark,
    words: `${label}, AUC ${curve.auc.toFixed(3)}`,
  });
  const content = html`${axes(x, y, { x: "False positive rate", y: "True positive rate" })}<line class="guide" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>${
    baseline === null ? null : html`<path class="line baseline" d="${line(baseline)}"/>`
  }<path class="line candidate" d="${line(candidate)}"/>`;
  const other = baseline === null ? "" : `; ${baseline.label}: AUC ${baseline.curve.auc.toFixed(3)}`;
  return {
    title: "ROC curve",
    caption:
      "How many positives are found for the false alarms they cost. Nearer to the upper left is better; the diagonal is chance.",
    legend: [entry("candidate", candidate), ...(baseline === null ? [] : [entry("baseline", baseline)])],
    svg: drawing(
      {
        id,
        title: "ROC curve",
        description: `${candidate.label}: AUC ${candidate.curve.auc.toFixed(3)}${other}.`,
      },
      content,
    ),
  };
}

function share(value: number): string {
  return value.toFixed(1);
}
