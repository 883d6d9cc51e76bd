import type { CalibrationBin } from "../data/calibration.ts";
import { html, type Markup } from "../html/markup.ts";
import { axes, drawing, type Figure, height, path, usualInset, width } from "./canvas.ts";
import { linear, rounded, type Scale } from "./scale.ts";

export interface NamedBins {
  label: string;
  bins: readonly CalibrationBin[];
}

/** Reliability diagram; both axes end where the scores do, since rare events crowd in one corner otherwise. */
export function calibrationPlot(id: string, candidate: NamedBins, baseline: NamedBins | null): Figure {
  const all = [...candidate.bins, ...(baseline?.bins ?? [])];
  const largest = Math.min(1, Math.max(0.05, ...all.flatMap((bin) => [bin.predicted, bin.high])));
  const domain: [number, number] = [0, Math.min(1, rounded([0, largest])[1])];
  const x = linear(domain, [usualInset.left, width - usualInset.right], asShare);
  const y = linear(domain, [height - usualInset.bottom, usualInset.top], asShare);
  const content = html`${axes(x, y, { x: "Predicted probability", y: "Observed share" })}<line class="guide" x1="${x(domain[0])}" y1="${y(domain[0])}" x2="${x(domain[1])}" y2="${y(domain[1])}"/>${
    baseline === null ? null : series("baseline", baseline, x, y)
  }${series("candidate", candidate, x, y)}`;
  const worst = (bins: readonly CalibrationBin[]) =>
    Math.max(0, ...bins.map((bin) => Math.abs(bin.predicted - bin.observed))).toFixed(3);
  const names = [candidate, ...(baseline === null ? [] : [baseline])];
  return {
    title: "Calibration",
    caption:
      "Rows in groups of equal size by score: what was predicted against what happened, with 95 % bounds. On the diagonal a score of 0.3 means 30\u00a0%.",
    legend: [
      { mark: "candidate", words: candidate.label },
      ...(baseline === null ? [] : [{ mark: "baseline" as const, words: baseline.label }]),
    ],
    svg: drawing(
      {
        id,
        title: "Calibration",
        description: `Largest gap between prediction and truth: ${names.map(({ label, bins }) => `${label} ${worst(bins)}`).join(", ")}.`,
      },
      content,
    ),
  };
}

function series(name: "candidate" | "baseline", { label, bins }: NamedBins, x: Scale, y: Scale): Markup {
  const clamp = (value: number) => Math.min(y.domain[1], Math.max(y.domain[0], value));
  const points = bins.map(
    (bin) =>
      html`<g><title>${label}: predicted ${bin.predicted.toFixed(3)}, observed ${bin.observed.toFixed(3)} of ${bin.rows.toLocaleString("en-US")} rows</title><line class="whisker ${name}" x1="${x(bin.predicted)}" x2="${x(bin.predicted)}" y1="${y(clamp(bin.low))}" y2="${y(clamp(bin.high))}"/><circle class="dot ${name}" cx="${x(bin.predicted)}" cy="${y(clamp(bin.observed))}" r="4"/></g>`,
  );
  const line = path(bins.map((bin) => [x(bin.predicted), y(clamp(bin.observed))] as const));
  return html`<path class="line thin ${name}" d="${line}"/>${points}`;
}

function asShare(value: number): string {
  return String(Number(value.toFixed(3)));
}
