import type { CalibrationBin } from "../data/calibration.ts";
import { type Histogram, histogram } from "../data/histogram.ts";
import type { Weighted } from "../data/rows.ts";
import { html, type Markup } from "../html/markup.ts";
import { area, axes, drawing, type Figure, path, usualInset, width } from "./canvas.ts";
import { linear, rounded, type Scale } from "./scale.ts";

export interface NamedBins {
  label: string;
  bins: readonly CalibrationBin[];
  scores: Weighted;
  /** Calibration errors as they stand in the metrics; null where they do not. */
  ece: { width: number | null; mass: number | null };
}

/** The diagram, and below it a strip that shows where the rows are. */
const high = 340;
const floor = high - usualInset.bottom;
const stripTop = floor - 44;
const stripBins = 40;

/** Reliability diagram; both axes end where the scores do, since rare events crowd in one corner otherwise. */
export function calibrationPlot(id: string, candidate: NamedBins, baseline: NamedBins | null): Figure {
  const all = [...candidate.bins, ...(baseline?.bins ?? [])];
  const largest = Math.min(1, Math.max(0.05, ...all.flatMap((bin) => [bin.predicted, bin.high])));
  const domain: [number, number] = [0, Math.min(1, rounded([0, largest])[1])];
  const x = linear(domain, [usualInset.left, width - usualInset.right], asShare);
  const y = linear(domain, [stripTop - 8, usualInset.top], asShare);
  const content = html`${axes(x, y, { x: "Predicted probability", y: "Observed share" }, usualInset, high)}<line class="guide" x1="${x(domain[0])}" y1="${y(domain[0])}" x2="${x(domain[1])}" y2="${y(domain[1])}"/>${
    baseline === null ? null : series("baseline", baseline, x, y)
  }${series("candidate", candidate, x, y)}${strip(candidate, baseline, x)}`;
  const worst = (bins: readonly CalibrationBin[]) =>
    Math.max(0, ...bins.map((bin) => Math.abs(bin.predicted - bin.observed))).toFixed(3);
  const names = [candidate, ...(baseline === null ? [] : [baseline])];
  return {
    title: "Calibration",
    caption: `Rows in groups of equal size by score: what was predicted against what happened, with 95\u00a0% bounds. On the diagonal a score of 0.3 means 30\u00a0%. Below: how many rows have each score.${names.some(hasEce) ? " ECE is the mean gap to the diagonal." : ""}`,
    legend: [
      { mark: "candidate", words: eceWords(candidate) },
      ...(baseline === null ? [] : [{ mark: "baseline" as const, words: eceWords(baseline) }]),
    ],
    svg: drawing(
      {
        id,
        title: "Calibration",
        description: `Largest gap between prediction and truth: ${names.map(({ label, bins }) => `${label} ${worst(bins)}`).join(", ")}. ${names.map(eceWords).join("; ")}.`,
        height: high,
      },
      content,
    ),
  };
}

function hasEce({ ece }: NamedBins): boolean {
  return ece.width !== null || ece.mass !== null;
}

/** `flights-2, ECE 0.021 (bins of equal size 0.019)`. */
function eceWords({ label, ece }: NamedBins): string {
  const show = (value: number) => value.toFixed(3);
  if (ece.width === null) return ece.mass === null ? label : `${label}, ECE ${show(ece.mass)} (equal mass)`;
  return `${label}, ECE ${show(ece.width)}${ece.mass === null ? "" : ` (equal mass ${show(ece.mass)})`}`;
}

function strip(candidate: NamedBins, baseline: NamedBins | null, x: Scale): Markup {
  const of = ({ scores }: NamedBins) => histogram(scores, x.domain, stripBins);
  const [ours, theirs] = [of(candidate), baseline === null ? null : of(baseline)];
  const tallest = Math.max(1e-9, ...ours.shares, ...(theirs?.shares ?? []));
  const edge = ({ from, to, shares }: Histogram, index: number) =>
    x(from + (index * (to - from)) / shares.length);
  const outline = (counts: Histogram) =>
    counts.shares.flatMap((share, index): [number, number][] => {
      const top = floor - (share / tallest) * (floor - stripTop - 4);
      return [
        [edge(counts, index), top],
        [edge(counts, index + 1), top],
      ];
    });
  const base = [
    [x(x.domain[0]), floor],
    [x(x.domain[1]), floor],
  ] as const;
  return html`<line class="frame" x1="${usualInset.left}" x2="${width - usualInset.right}" y1="${stripTop}" y2="${stripTop}"/><path class="area candidate" d="${area(outline(ours), base)}"/><path class="line thin candidate" d="${path(outline(ours))}"/>${theirs === null ? null : html`<path class="line thin baseline" d="${path(outline(theirs))}"/>`}<text class="note" x="${width - usualInset.right - 4}" y="${stripTop + 14}" text-anchor="end">rows</text>`;
}

function series(name: "candidate" | "baseline", { label, bins }: NamedBins, x: Scale, y: Scale): Markup {
  const clamp = (value: number) => Math.min(y.domain[1], Math.max(y.domain[0], value));
  const points = bins.map(
    (bin) =>
      html`<g><title>${label}: predicted ${bin.predicted.toFixed(3)}, observed ${bin.observed.toFixed(3)} of ${bin.rows.toLocaleString("en-US")} rows</title><line class="whisker ${name}" x1="${x(bin.predicted)}" x2="${x(bin.predicted)}" y1="${y(clamp(bin.low))}" y2="${y(clamp(bin.high))}"/>${dot(name, x(bin.predicted), y(clamp(bin.observed)))}</g>`,
  );
  const line = path(bins.map((bin) => [x(bin.predicted), y(clamp(bin.observed))] as const));
  return html`<path class="line thin ${name}" d="${line}"/>${points}`;
}

/** Told apart by shape as well: a circle, a diamond. */
function dot(name: "candidate" | "baseline", x: number, y: number): Markup {
  return name === "candidate"
    ? html`<circle class="dot candidate" cx="${x}" cy="${y}" r="4"/>`
    : html`<path class="dot baseline" d="M${x} ${y - 5}l5 5-5 5-5-5z"/>`;
}

function asShare(value: number): string {
  return String(Number(value.toFixed(3)));
}
