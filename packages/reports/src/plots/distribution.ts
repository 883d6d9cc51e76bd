import { centralRange, type Histogram, histogram } from "../data/histogram.ts";
import { type Weighted, weightedMean } from "../data/rows.ts";
import { figure, tick } from "../figures.ts";
import { html, type Markup } from "../html/markup.ts";
import { area, axes, drawing, type Figure, height, type Inset, path, usualInset, width } from "./canvas.ts";
import { linear, rounded, type Scale } from "./scale.ts";

/** One panel: the values of both models for one group of rows. */
export interface Panel {
  /** "late (1)"; empty when there is but one. */
  words: string;
  candidate: Weighted;
  baseline: Weighted | null;
}

export interface DistributionInput {
  title: string;
  caption: string;
  axis: string;
  candidate: string;
  baseline: string | null;
  panels: readonly Panel[];
  /** Fixed for probabilities; else the range of the central 99 % of the values. */
  range: readonly [number, number] | null;
  /** A vertical line: the threshold, or no error. */
  mark: { at: number; words: string } | null;
}

const bins = 40;

/** Histograms on one x axis, panels above each other: the candidate filled, the baseline as an outline. */
export function distributionPlot(id: string, input: DistributionInput): Figure {
  const all = input.panels.flatMap((panel) => [
    panel.candidate.values,
    ...(panel.baseline === null ? [] : [panel.baseline.values]),
  ]);
  const range = input.range ?? rounded(centralRange(all));
  const x = linear(range, [usualInset.left, width - usualInset.right], (value) => tick(value, "none"), 6);
  const gap = 30;
  const room =
    (height - usualInset.top - usualInset.bottom - gap * (input.panels.length - 1)) / input.panels.length;
  const panels = input.panels.map((panel, index) => {
    const top = usualInset.top + index * (room + gap);
    return panelOf(
      panel,
      x,
      range,
      { ...usualInset, top, bottom: height - top - room },
      index === input.panels.length - 1 ? input.axis : "",
    );
  });
  const mark =
    input.mark === null || input.mark.at < range[0] || input.mark.at > range[1] ? null : input.mark;
  const line =
    mark === null
      ? null
      : html`<line class="bound" x1="${x(mark.at)}" x2="${x(mark.at)}" y1="${usualInset.top}" y2="${height - usualInset.bottom}"/>`;
  return {
    title: input.title,
    caption: input.caption,
    legend: [
      { mark: "candidate", words: input.candidate },
      ...(input.baseline === null ? [] : [{ mark: "baseline" as const, words: input.baseline }]),
      ...(mark === null ? [] : [{ mark: "bound" as const, words: mark.words }]),
    ],
    svg: drawing({ id, title: input.title, description: describe(input) }, html`${panels}${line}`),
  };
}

function panelOf(
  panel: Panel,
  x: Scale,
  range: readonly [number, number],
  inset: Inset,
  axis: string,
): Markup {
  const candidate = histogram(panel.candidate, range, bins);
  const baseline = panel.baseline === null ? null : histogram(panel.baseline, range, bins);
  const largest = Math.max(0.001, ...candidate.shares, ...(baseline?.shares ?? []));
  const bottom = height - inset.bottom;
  const y = linear(
    [0, largest * 1.08],
    [bottom, inset.top],
    (value) => `${Number((value * 100).toFixed(1))} %`,
    3,
  );
  const steps = (counts: Histogram) => outline(counts, x, y);
  const floor = [
    [x(range[0]), bottom],
    [x(range[1]), bottom],
  ] as const;
  return html`${axes(x, y, { x: axis, y: "Rows" }, inset)}<path class="area candidate" d="${area(steps(candidate), floor)}"/><path class="line thin candidate" d="${path(steps(candidate))}"/>${
    baseline === null ? null : html`<path class="line baseline" d="${path(steps(baseline))}"/>`
  }${panel.words === "" ? null : html`<text class="note" x="${width - inset.right - 4}" y="${inset.top + 14}" text-anchor="end">${panel.words}</text>`}`;
}

function outline({ from, to, shares }: Histogram, x: Scale, y: Scale): [number, number][] {
  const edge = (index: number) => x(from + (index * (to - from)) / shares.length);
  return shares.flatMap((share, index): [number, number][] => [
    [edge(index), y(share)],
    [edge(index + 1), y(share)],
  ]);
}

function describe({ panels, candidate, baseline }: DistributionInput): string {
  const mean = (values: Weighted) => {
    const found = weightedMean(values);
    return found === null ? "none" : figure(found, "none");
  };
  return panels
    .map((panel) => {
      const other =
        panel.baseline === null || baseline === null ? "" : `, ${baseline} ${mean(panel.baseline)}`;
      return `${panel.words === "" ? "Mean" : `${panel.words}, mean`}: ${candidate} ${mean(panel.candidate)}${other}.`;
    })
    .join(" ");
}
