import type { PrCurve } from "../data/pr-curve.ts";
import { html } from "../html/markup.ts";
import { axes, drawing, type Figure, height, path, usualInset, width } from "./canvas.ts";
import { linear } from "./scale.ts";

export interface NamedPrCurve {
  label: string;
  curve: PrCurve;
}

/** In steps, as average precision counts it: a slanted line would promise precision that no threshold has. */
export function precisionRecallPlot(
  id: string,
  candidate: NamedPrCurve,
  baseline: NamedPrCurve | null,
): Figure {
  const x = linear([0, 1], [usualInset.left, width - usualInset.right], share);
  const y = linear([0, 1], [height - usualInset.bottom, usualInset.top], share);
  const line = ({ curve: { points } }: NamedPrCurve) =>
    path(
      points.flatMap(([recall, precision], index) => [
        [x(points[index - 1]?.[0] ?? 0), y(precision)] as const,
        [x(recall), y(precision)] as const,
      ]),
    );
  const words = ({ label, curve }: NamedPrCurve) => `${label}, AP ${curve.averagePrecision.toFixed(3)}`;
  const { prevalence } = candidate.curve;
  const content = html`${axes(x, y, { x: "Recall", y: "Precision" })}<line class="guide" x1="${x(0)}" y1="${y(prevalence)}" x2="${x(1)}" y2="${y(prevalence)}"/>${
    baseline === null ? null : html`<path class="line baseline" d="${line(baseline)}"/>`
  }<path class="line candidate" d="${line(candidate)}"/>`;
  const named = baseline === null ? [candidate] : [candidate, baseline];
  return {
    title: "Precision and recall",
    caption: `How many of the rows called positive are, for the share of all positives that is found. Higher is better; the dotted line is chance, ${(prevalence * 100).toFixed(1)}\u00a0% positive rows. AP is average precision.`,
    legend: [
      { mark: "candidate", words: words(candidate) },
      ...(baseline === null ? [] : [{ mark: "baseline" as const, words: words(baseline) }]),
    ],
    svg: drawing(
      { id, title: "Precision and recall", description: `${named.map(words).join("; ")}.` },
      content,
    ),
  };
}

function share(value: number): string {
  return value.toFixed(1);
}
