import type { RocCurve } from "../data/roc-curve.ts";
import { formatter } from "../figures.ts";
import { html } from "../html/markup.ts";
import { axes, drawing, type Figure, height, path, usualInset, width } from "./canvas.ts";
import { linear } from "./scale.ts";

export interface NamedCurve {
  label: string;
  curve: RocCurve;
}

/** Candidate's AUC minus the baseline's. */
export interface AucDifference {
  difference: number;
  interval: readonly [number, number] | null;
  /** `95 %`. */
  confidence: string;
}

export function rocPlot(
  id: string,
  candidate: NamedCurve,
  baseline: NamedCurve | null,
  difference: AucDifference | null,
): Figure {
  const x = linear([0, 1], [usualInset.left, width - usualInset.right], share);
  const y = linear([0, 1], [height - usualInset.bottom, usualInset.top], share);
  const line = ({ curve }: NamedCurve) => path(curve.points.map(([fpr, tpr]) => [x(fpr), y(tpr)] as const));
  const entry = (mark: "candidate" | "baseline", { label, curve }: NamedCurve) => ({
    mark,
    words: `${label}, AUC ${curve.auc.toFixed(3)}`,
  });
  const written = difference === null ? [] : differenceWords(difference);
  const note = written.map(
    (words, row) =>
      html`<text class="written" x="${x(0.98)}" y="${y(0.03) - (written.length - 1 - row) * 17}" text-anchor="end">${words}</text>`,
  );
  const content = html`${axes(x, y, { x: "False positive rate", y: "True positive rate" })}<line class="guide" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>${
    baseline === null ? null : html`<path class="line baseline" d="${line(baseline)}"/>`
  }<path class="line candidate" d="${line(candidate)}"/>${note}`;
  const other = baseline === null ? "" : `; ${baseline.label}: AUC ${baseline.curve.auc.toFixed(3)}`;
  const explained =
    difference === null || difference.interval === null
      ? ""
      : ` ΔAUC is the candidate's AUC minus the baseline's on the same rows; each end of its interval holds with ${difference.confidence} confidence.`;
  return {
    title: "ROC curve",
    caption: `How many positives are found for the false alarms they cost. Nearer to the upper left is better; the diagonal is chance.${explained}`,
    legend: [entry("candidate", candidate), ...(baseline === null ? [] : [entry("baseline", baseline)])],
    svg: drawing(
      {
        id,
        title: "ROC curve",
        description:
          `${candidate.label}: AUC ${candidate.curve.auc.toFixed(3)}${other}. ${written.join(", ")}`.trim(),
      },
      content,
    ),
  };
}

/** `ΔAUC +0.013`, `0.008 to 0.018`: the room below the diagonal is empty, as no model worth a look is there. */
function differenceWords({ difference, interval }: AucDifference): string[] {
  const show = formatter([difference, ...(interval ?? [])], "none");
  const signed = (value: number) => `${value > 0 ? "+" : ""}${show(value)}`;
  return [
    `ΔAUC ${signed(difference)}`,
    ...(interval === null ? [] : [`interval ${signed(interval[0])} to ${signed(interval[1])}`]),
  ];
}

function share(value: number): string {
  return value.toFixed(1);
}
