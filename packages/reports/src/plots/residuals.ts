import { density } from "../data/density.ts";
import { centralRange } from "../data/histogram.ts";
import { type LabelledScores, weightedMean } from "../data/rows.ts";
import { figure, tick } from "../figures.ts";
import { html } from "../html/markup.ts";
import { axes, drawing, type Figure, height, usualInset, width } from "./canvas.ts";
import { linear, rounded } from "./scale.ts";

const cells: [number, number] = [44, 28];

/** Error (prediction − truth) over prediction, rows counted in cells; opacity grows with the logarithm of the count. */
export function residualPlot(
  id: string,
  label: string,
  { labels, scores: predictions, weights }: LabelledScores,
): Figure {
  const errors = predictions.map((value, row) => value - (labels[row] ?? 0));
  const xRange = rounded(centralRange([predictions]));
  const yRange = rounded(symmetric(centralRange([errors])));
  const x = linear(xRange, [usualInset.left, width - usualInset.right], (value) => tick(value, "none"));
  const y = linear(yRange, [height - usualInset.bottom, usualInset.top], (value) => tick(value, "none"));
  const grid = density(predictions, errors, xRange, yRange, cells, weights);
  const [w, h] = [(x(xRange[1]) - x(xRange[0])) / cells[0], (y(yRange[0]) - y(yRange[1])) / cells[1]];
  const dots = Array.from(grid.counts).flatMap((count, index) => {
    if (count === 0) return [];
    const [column, row] = [index % cells[0], Math.floor(index / cells[0])];
    const opacity = 0.12 + (0.88 * Math.log1p(count)) / Math.log1p(grid.largest);
    return [
      html`<rect class="fill candidate" x="${x(xRange[0]) + column * w}" y="${y(yRange[0]) - (row + 1) * h}" width="${w}" height="${h}" fill-opacity="${opacity}"/>`,
    ];
  });
  const mean = weightedMean({ values: errors, weights });
  return {
    title: `Errors of ${label}`,
    caption:
      "Prediction minus truth, over the prediction; stronger colour is more rows. A slope or a funnel shows where the model is wrong in a systematic way.",
    legend: [],
    svg: drawing(
      {
        id,
        title: `Errors of ${label} over its predictions`,
        description: `Mean error ${figure(mean, "none")} over ${errors.length.toLocaleString("en-US")} rows.`,
      },
      html`${axes(x, y, { x: "Prediction", y: "Prediction − truth" })}${dots}<line class="guide" x1="${x(xRange[0])}" x2="${x(xRange[1])}" y1="${y(0)}" y2="${y(0)}"/>`,
    ),
  };
}

function symmetric([low, high]: readonly [number, number]): [number, number] {
  const end = Math.max(Math.abs(low), Math.abs(high));
  return [-end, end];
}
