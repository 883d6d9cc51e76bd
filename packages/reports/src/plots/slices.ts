import { shortened } from "../clean.ts";
import type { SliceGroup } from "../data/slices.ts";
import { count, formatter, tick, unitOf } from "../figures.ts";
import { html, type Markup } from "../html/markup.ts";
import { axes, drawing, type Figure, width } from "./canvas.ts";
import { linear, rounded, type Scale } from "./scale.ts";

const rowHeight = 20;
const rowsShown = 40;
const inset = { left: 118, right: 14, top: 10, bottom: 42 };

/** Dot and whisker a slice, its own bound as a tick, the metric over all rows as a line; worst slice on top. */
export function slicePlot(id: string, group: SliceGroup): Figure {
  const shown = group.slices.slice(0, rowsShown);
  const unit = unitOf(group.metric);
  const ends = shown.flatMap(({ verdict }) => [
    verdict.observed ?? 0,
    ...(verdict.bound === null ? [] : [verdict.bound]),
    ...(verdict.interval ?? []).filter(Number.isFinite),
  ]);
  if (group.whole?.observed != null) ends.push(group.whole.observed);
  const domain = rounded([Math.min(...ends), Math.max(...ends)]);
  const high = inset.top + shown.length * rowHeight + inset.bottom;
  const x = linear(domain, [inset.left, width - inset.right], (value) => tick(value, unit));
  const y = Object.assign((row: number) => inset.top + (row + 0.5) * rowHeight, {
    domain: [0, shown.length] as const,
    ticks: shown.map((_, row) => row),
    format: (row: number) => shortened(shown[row]?.value ?? "", 16),
  });
  const rows = shown.map((slice, row) => dotAndWhisker(slice, y(row), x, group.metric));
  const whole = group.whole?.observed ?? null;
  const line =
    whole === null
      ? null
      : html`<line class="guide" x1="${x(whole)}" x2="${x(whole)}" y1="${inset.top}" y2="${high - inset.bottom}"/>`;
  const title = `${group.metric} by ${group.column}`;
  const more =
    group.slices.length > shown.length
      ? ` The worst ${shown.length} of ${count(group.slices.length)} are shown.`
      : "";
  const failed = group.slices.filter(({ verdict }) => verdict.verdict === "fail").length;
  return {
    title,
    caption: `Each value's ${group.metric} with its interval, worst verdict first. The tick is its bound${whole === null ? "" : "; the dotted line is all rows"}.${more}`,
    legend: [
      { mark: "pass", words: "pass" },
      { mark: "inconclusive", words: "inconclusive" },
      { mark: "fail", words: "fail" },
      { mark: "bound", words: "bound" },
    ],
    svg: drawing(
      {
        id,
        title,
        description: `${count(failed)} of ${count(group.slices.length)} slices fail.${more}`,
        height: high,
      },
      html`${axes(x, y, { x: group.metric, y: "" }, inset, high)}${line}${rows}`,
    ),
  };
}

function dotAndWhisker(
  { value, verdict }: SliceGroup["slices"][number],
  y: number,
  x: Scale,
  metric: string,
): Markup {
  const show = formatter([verdict.observed, verdict.bound], unitOf(metric));
  const inside = (end: number) => Math.min(x.domain[1], Math.max(x.domain[0], end));
  const whisker =
    verdict.interval === null
      ? null
      : html`<line class="whisker ${verdict.verdict}" x1="${x(inside(verdict.interval[0]))}" x2="${x(inside(verdict.interval[1]))}" y1="${y}" y2="${y}"/>`;
  const bound =
    verdict.bound === null
      ? null
      : html`<line class="bound solid" x1="${x(verdict.bound)}" x2="${x(verdict.bound)}" y1="${y - 7}" y2="${y + 7}"/>`;
  return html`<g><title>${value}: ${show(verdict.observed)}, bound ${show(verdict.bound)}, ${verdict.verdict}, ${count(verdict.n)} rows</title>${whisker}${bound}${mark(verdict.verdict, x(verdict.observed ?? 0), y)}</g>`;
}

/** The verdict by shape and colour: colour alone is nothing to one man in twelve. */
export function mark(verdict: "pass" | "fail" | "inconclusive", x: number, y: number): Markup {
  switch (verdict) {
    case "pass":
      return html`<circle class="mark pass" cx="${x}" cy="${y}" r="4.5"/>`;
    case "fail":
      return html`<path class="mark fail" d="M${x - 4.5} ${y - 4.5}h9v9h-9z"/>`;
    case "inconclusive":
      return html`<path class="mark inconclusive" d="M${x} ${y - 5.5}l5.5 9.5h-11z"/>`;
  }
}
