import type { PositionMean } from "../data/by-position.ts";
import { count, figure, tick } from "../figures.ts";
import { html } from "../html/markup.ts";
import { axes, drawing, type Figure, height, path, usualInset, width } from "./canvas.ts";
import { linear, rounded } from "./scale.ts";

interface NamedMeans {
  label: string;
  means: readonly PositionMean[];
}

/** How relevant the results at each position are: a good ranking falls steeply. */
export function byPositionPlot(
  id: string,
  candidate: NamedMeans,
  baseline: NamedMeans | null,
): Figure | null {
  const named = [
    { mark: "candidate" as const, ...candidate },
    ...(baseline === null ? [] : [{ mark: "baseline" as const, ...baseline }]),
  ];
  const all = named.flatMap(({ means }) => means);
  if (all.length === 0) return null;
  const last = Math.max(2, ...all.map(({ position }) => position));
  const highest = Math.max(...all.map(({ relevance }) => relevance));
  const x = linear([1, last], [usualInset.left, width - usualInset.right], (value) => tick(value, "none"));
  const top = highest > 0 ? rounded([0, highest])[1] : 1;
  const y = linear([0, top], [height - usualInset.bottom, usualInset.top], (value) => tick(value, "none"));
  const lines = named.toReversed().map(({ mark, means }) => {
    const points = means.map(({ position, relevance }) => [x(position), y(relevance)] as const);
    const dots = points.map(([px, py]) => html`<circle class="dot ${mark}" cx="${px}" cy="${py}" r="3"/>`);
    return html`<path class="line ${mark}" d="${path(points)}"/>${dots}`;
  });
  const first = named.map(({ label, means }) => `${label} ${figure(means[0]?.relevance ?? null, "none")}`);
  return {
    title: "Relevance by position",
    caption: `Mean relevance of the rows that a model puts at each position, over ${count(all[0]?.queries ?? 0)} queries. High on the left is good.`,
    legend: named.map(({ mark, label }) => ({ mark, words: label })),
    svg: drawing(
      { id, title: "Relevance by position", description: `At the first position: ${first.join(", ")}.` },
      html`${axes(x, y, { x: "Position", y: "Mean relevance" })}${lines}`,
    ),
  };
}
