import type { MetricSlices } from "../data/slices.ts";
import { count, formatter, tick, unitOf } from "../figures.ts";
import { html } from "../html/markup.ts";
import { axes, drawing, type Figure, width } from "./canvas.ts";
import { fitted } from "./label.ts";
import { linear, rounded } from "./scale.ts";

const rowHeight = 20;
const rowsShown = 40;
const inset = { left: 118, right: 18, top: 10, bottom: 42 };

/** Both models' value in every slice, joined by a line: the length is what changed. */
export function metricSlicePlot(
  id: string,
  group: MetricSlices,
  names: { candidate: string; baseline: string },
): Figure {
  const shown = group.slices.slice(0, rowsShown);
  const unit = unitOf(group.metric);
  const values = shown.flatMap(({ candidate, baseline }) =>
    baseline === null ? [candidate] : [candidate, baseline],
  );
  const high = inset.top + shown.length * rowHeight + inset.bottom;
  const domain = rounded([Math.min(...values), Math.max(...values)]);
  const x = linear(domain, [inset.left, width - inset.right], (value) => tick(value, unit));
  const y = Object.assign((row: number) => inset.top + (row + 0.5) * rowHeight, {
    domain: [0, shown.length] as const,
    ticks: shown.map((_, row) => row),
    format: (row: number) => fitted(shown[row]?.value ?? "", inset.left - 8),
  });
  const rows = shown.map(({ value, candidate, baseline }, row) => {
    const show = formatter([candidate, baseline], unit);
    const before =
      baseline === null
        ? null
        : html`<line class="whisker baseline" x1="${x(baseline)}" x2="${x(candidate)}" y1="${y(row)}" y2="${y(row)}"/><path class="dot baseline" d="M${x(baseline)} ${y(row) - 5}l5 5-5 5-5-5z"/>`;
    return html`<g><title>${value}: ${names.candidate} ${show(candidate)}, ${names.baseline} ${show(baseline)}</title>${before}<circle class="dot candidate" cx="${x(candidate)}" cy="${y(row)}" r="4.5"/></g>`;
  });
  const more =
    group.slices.length > shown.length
      ? ` The first ${shown.length} of ${count(group.slices.length)} are shown.`
      : "";
  const worst = shown[0];
  const compared = shown.some(({ baseline }) => baseline !== null);
  const title = `${group.metric} by ${group.column}`;
  return {
    title,
    caption: `${compared ? "Where the candidate lost most against the baseline comes first." : "The worst comes first."} No gate was set on these slices.${more}`,
    legend: [
      { mark: "candidate-dot", words: names.candidate },
      ...(compared ? [{ mark: "baseline-dot" as const, words: names.baseline }] : []),
    ],
    svg: drawing(
      { id, title, description: `First: ${worst?.value ?? "none"}.${more}`, height: high },
      html`${axes(x, y, { x: group.metric, y: "" }, inset, high)}${rows}`,
    ),
  };
}
