import { shortened } from "../clean.ts";
import type { ConfusionMatrix } from "../data/confusion.ts";
import { count } from "../figures.ts";
import { html } from "../html/markup.ts";
import { drawing, type Figure, width } from "./canvas.ts";

const left = 96;
const top = 10;
const bottom = 88;

/** Each row of the matrix adds to 100 %: the diagonal is the recall of each class. */
export function confusionPlot(id: string, label: string, { names, counts, merged }: ConfusionMatrix): Figure {
  const cell = Math.min(40, (width - left - 14) / names.length);
  const side = cell * names.length;
  const cells = counts.flatMap((line, truth) => {
    const total = line.reduce((sum, number) => sum + number, 0);
    return line.map((number, predicted) => {
      const share = total === 0 ? 0 : number / total;
      const [x, y] = [left + predicted * cell, top + truth * cell];
      const words = share >= 0.005 && cell >= 22 ? Math.round(share * 100) : null;
      return html`<g><title>${names[truth] ?? ""} predicted as ${names[predicted] ?? ""}: ${count(number)} of ${count(total)}</title><rect class="cell ${truth === predicted ? "right" : "wrong"}" x="${x}" y="${y}" width="${cell - 1}" height="${cell - 1}" fill-opacity="${total === 0 ? 0 : 0.05 + 0.5 * share}"/>${
        words === null
          ? null
          : html`<text x="${x + cell / 2 - 0.5}" y="${y + cell / 2 + 4}" text-anchor="middle">${words}</text>`
      }</g>`;
    });
  });
  const rowNames = names.map(
    (name, row) =>
      html`<text class="tick" x="${left - 6}" y="${top + (row + 0.5) * cell + 4}" text-anchor="end">${shortened(name, 13)}</text>`,
  );
  const columnNames = names.map((name, column) => {
    const [x, y] = [left + (column + 0.5) * cell, top + side + 10];
    return html`<text class="tick" transform="rotate(-40 ${x} ${y})" x="${x}" y="${y}" text-anchor="end">${shortened(name, 13)}</text>`;
  });
  const high = top + side + bottom;
  const right = counts.reduce((sum, line, truth) => sum + (line[truth] ?? 0), 0);
  const all = counts.flat().reduce((sum, number) => sum + number, 0);
  return {
    title: `Confusion of ${label}`,
    caption: `Of the rows of a class (line), the percentage predicted as each class (column). The diagonal is right.${merged > 0 ? ` The ${count(merged)} smallest classes are merged.` : ""}`,
    legend: [],
    svg: drawing(
      {
        id,
        title: `Confusion matrix of ${label}`,
        description: `${count(right)} of ${count(all)} rows are predicted as their class.`,
        height: high,
      },
      html`${cells}<g aria-hidden="true">${rowNames}${columnNames}<text class="axis" x="${left + side / 2}" y="${high - 6}" text-anchor="middle">Predicted</text><text class="axis" transform="rotate(-90 12 ${top + side / 2})" x="12" y="${top + side / 2}" text-anchor="middle">Truth</text></g>`,
    ),
  };
}
