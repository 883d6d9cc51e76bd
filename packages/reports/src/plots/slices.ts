import { shortened } from "../clean.ts";
import type { SliceGroup } from "../data/slices.ts";
import { count, formatter, tick, unitOf } from "../figures.ts";
import { html, type Markup } from "../html/markup.ts";
import { axes, drawing, type Figure, type LegendEntry, width } from "./canvas.ts";
import { fitted } from "./label.ts";
import { linear, rounded, type Scale } from "./scale.ts";

const rowHeight = 20;
const rowsShown = 40;
/** On the right: the rows of each slice. */
const inset = { left: 118, right: 66, top: 24, bottom: 42 };

/** A forest plot: value and interval of every slice against the gate's bound, worst slice on top. */
export function slicePlot(id: string, group: SliceGroup): Figure {
  const shown = group.slices.slice(0, rowsShown);
  const high = inset.top + shown.length * rowHeight + inset.bottom;
  const bottom = high - inset.bottom;
  const unit = unitOf(group.metric);
  const x = linear(
    domainOf(group, shown),
    [inset.left, width - inset.right],
    (value) => tick(value, unit),
    4,
  );
  const y = Object.assign((row: number) => inset.top + (row + 0.5) * rowHeight, {
    domain: [0, shown.length] as const,
    ticks: shown.map((_, row) => row),
    format: (row: number) => fitted(shown[row]?.value ?? "", inset.left - 8),
  });
  const rows = shown.map((slice, row) => forestRow(slice, y(row), x, group));
  const whole = group.whole?.observed ?? null;
  const upright = (style: string, at: number) =>
    html`<line class="${style}" x1="${x(at)}" x2="${x(at)}" y1="${inset.top}" y2="${bottom}"/>`;
  const title = `${group.metric} by ${group.column}`;
  const more = moreWords(group, shown.length);
  const failed = group.slices.filter(({ verdict }) => verdict.verdict === "fail");
  const ticks =
    group.bound === null ? "The upright tick in each line is its bound" : "The upright line is the bound";
  return {
    title,
    caption: `Each value's ${group.metric} with its interval, worst first. ${ticks}${whole === null ? "" : "; the dotted line is all rows"}.${more}`,
    legend: legendOf(shown),
    svg: drawing(
      {
        id,
        title,
        description: `${count(failed.length)} of ${count(group.slices.length)} slices fail${failed.length > 0 ? `, the worst ${failed[0]?.value ?? ""}` : ""}.${more}`,
        height: high,
      },
      html`${axes(x, y, { x: group.metric, y: "" }, inset, high)}<text class="axis" x="${width - 2}" y="${inset.top - 8}" text-anchor="end" aria-hidden="true">n</text>${whole === null ? null : upright("guide", whole)}${group.bound === null ? null : upright("bound solid", group.bound)}${rows}`,
    ),
  };
}

function domainOf({ whole }: SliceGroup, shown: SliceGroup["slices"]): [number, number] {
  const ends = shown.flatMap(({ verdict }) => [verdict.observed, verdict.bound, ...(verdict.interval ?? [])]);
  const finite = [...ends, whole?.observed ?? null].filter(
    (value): value is number => value !== null && Number.isFinite(value),
  );
  return rounded([Math.min(...finite), Math.max(...finite)], 4);
}

/** What is not drawn is counted, and what could not be judged is named. */
function moreWords({ slices, unjudged }: SliceGroup, drawn: number): string {
  const cut = slices.length > drawn ? ` The worst ${drawn} of ${count(slices.length)} are shown.` : "";
  if (unjudged.length === 0) return cut;
  const names = unjudged
    .slice(0, 8)
    .map(({ value, verdict }) => `${shortened(value, 24)} (${count(verdict.n)})`);
  const rest = unjudged.length > 8 ? ` and ${count(unjudged.length - 8)} more` : "";
  return `${cut} Not judged, with their rows: ${names.join(", ")}${rest}.`;
}

function legendOf(shown: SliceGroup["slices"]): LegendEntry[] {
  const there = (["pass", "inconclusive", "fail"] as const).filter((name) =>
    shown.some(({ verdict }) => verdict.verdict === name),
  );
  const entries = there.map((name): LegendEntry => ({ mark: name, words: name }));
  return [...entries, { mark: "bound-solid", words: "bound" }];
}

function forestRow(
  { value, verdict }: SliceGroup["slices"][number],
  y: number,
  x: Scale,
  { metric, bound: shared }: SliceGroup,
): Markup {
  const show = formatter([verdict.observed, verdict.bound], unitOf(metric));
  const inside = (end: number) => Math.min(x.domain[1], Math.max(x.domain[0], end));
  const whisker =
    verdict.interval === null
      ? null
      : html`<line class="whisker ${verdict.verdict}" x1="${x(inside(verdict.interval[0]))}" x2="${x(inside(verdict.interval[1]))}" y1="${y}" y2="${y}"/>`;
  const bound =
    verdict.bound === null || shared !== null
      ? null
      : html`<line class="bound solid" x1="${x(inside(verdict.bound))}" x2="${x(inside(verdict.bound))}" y1="${y - 7}" y2="${y + 7}"/>`;
  return html`<g><title>${value}: ${show(verdict.observed)}, bound ${show(verdict.bound)}, ${verdict.verdict}, ${count(verdict.n)} rows</title>${whisker}${bound}${mark(verdict.verdict, x(inside(verdict.observed ?? 0)), y)}<text class="tick" x="${width - 2}" y="${y + 4}" text-anchor="end">${count(verdict.n)}</text></g>`;
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
