import { shortened } from "../clean.ts";
import type { ConfusionMatrix } from "../data/confusion.ts";
import { count } from "../figures.ts";
import { html } from "../html/markup.ts";
import { drawing, type Figure, width } from "./canvas.ts";
import { fitted } from "./label.ts";

const left = 96;
const top = 10;
const bottom = 88;

interface Words {
  title: string;
  caption: string;
  /** Of a cell on the diagonal. */
  diagonal: string;
  rows: string;
  columns: string;
}

/** Each row of the matrix adds to 100 %: the diagonal is the recall of each class. */
export function confusionPlot(id: string, label: string, matrix: ConfusionMatrix): Figure {
  return matrixPlot(id, matrix, {
    title: `Confusion of ${label}`,
    caption:
      "Of the rows of a class (line), the percentage predicted as each class (column). The diagonal is right.",
    diagonal: "predicted as their class",
    rows: "Truth",
    columns: "Predicted",
  });
}

/** The class that one model gives to the rows of each class of the other. */
export function agreementPlot(
  id: string,
  names: { candidate: string; baseline: string },
  matrix: ConfusionMatrix,
): Figure {
  return matrixPlot(id, matrix, {
    title: "Agreement",
    caption: `Of the rows that ${names.baseline} puts in a class (line), the percentage that ${names.candidate} puts in each (column). On the diagonal they say the same.`,
    diagonal: "given the same class by both",
    rows: names.baseline,
    columns: names.candidate,
  });
}

function matrixPlot(id: string, { names, counts, merged }: ConfusionMatrix, words: Words): Figure {
  const cell = Math.min(40, (width - left - 14) / names.length);
  const side = cell * names.length;
  const cells = counts.flatMap((line, truth) => {
    const total = line.reduce((sum, number) => sum + number, 0);
    return line.map((number, predicted) => {
      const share = total === 0 ? 0 : number / total;
      const [x, y] = [left + predicted * cell, top + truth * cell];
      const percentage = share >= 0.005 && cell >= 22 ? Math.round(share * 100) : null;
      return html`<g><title>${names[truth] ?? ""} predicted as ${names[predicted] ?? ""}: ${count(number)} of ${count(total)}</title><rect class="cell ${truth === predicted ? "right" : "wrong"}" x="${x}" y="${y}" width="${cell - 1}" height="${cell - 1}" fill-opacity="${total === 0 ? 0 : 0.05 + 0.5 * share}"/>${
        percentage === null
          ? null
          : html`<text x="${x + cell / 2 - 0.5}" y="${y + cell / 2 + 4}" text-anchor="middle">${percentage}</text>`
      }</g>`;
    });
  });
  const rowNames = names.map(
    (name, row) =>
      html`<text class="tick" x="${left - 6}" y="${top + (row + 0.5) * cell + 4}" text-anchor="end">${fitted(name, left - 8)}</text>`,
  );
  const columnNames = names.map((name, column) => {
    const [x, y] = [left + (column + 0.5) * cell, top + side + 10];
    return html`<text class="tick" transform="rotate(-40 ${x} ${y})" x="${x}" y="${y}" text-anchor="end">${fitted(name, left - 8)}</text>`;
  });
  const high = top + side + bottom;
  const right = counts.reduce((sum, line, truth) => sum + (line[truth] ?? 0), 0);
  const all = counts.flat().reduce((sum, number) => sum + number, 0);
  return {
    title: words.title,
    caption: `${words.caption}${merged > 0 ? ` The ${count(merged)} smallest classes are merged.` : ""}`,
    legend: [],
    svg: drawing(
      {
        id,
        title: words.title,
        description: `${count(right)} of ${count(all)} rows are ${words.diagonal}.`,
        height: high,
      },
      html`${cells}<g aria-hidden="true">${rowNames}${columnNames}<text class="axis" x="${left + side / 2}" y="${high - 6}" text-anchor="middle">${shortened(words.columns, 30)}</text><text class="axis" transform="rotate(-90 12 ${top + side / 2})" x="12" y="${top + side / 2}" text-anchor="middle">${shortened(words.rows, 30)}</text></g>`,
    ),
  };
}
