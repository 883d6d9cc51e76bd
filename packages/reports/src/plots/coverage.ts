import { coverageLines, isThin } from "../data/coverage.ts";
import { shareWords } from "../data/drift.ts";
import { count, counted } from "../figures.ts";
import { html } from "../html/markup.ts";
import type { ShadowCoverage } from "../inputs.ts";
import { drawing, type Figure, width } from "./canvas.ts";
import { linear } from "./scale.ts";

const rowHeight = 28;
const left = 118;
const right = 118;

/** What became of the eligible requests, against the share that had to be compared. */
export function coveragePlot(id: string, coverage: ShadowCoverage): Figure {
  const lines = coverageLines(coverage);
  const x = linear([0, 1], [left, width - right], String);
  const rows = lines.map(({ words, requests, share }, row) => {
    const y = row * rowHeight;
    const length = x(Math.min(1, Math.max(0, share ?? 0))) - left;
    const figures = share === null ? count(requests) : `${count(requests)} (${shareWords(share)})`;
    const bar =
      length === 0
        ? null
        : html`<rect class="bar ${row < 2 ? "current" : "reference"}" x="${left}" y="${y + 6}" width="${length}" height="14"/>`;
    return html`<g><text class="tick" x="${left - 8}" y="${y + 17}" text-anchor="end">${words}</text>${bar}<text class="tick" x="${width - 2}" y="${y + 17}" text-anchor="end">${figures}</text></g>`;
  });
  const bound = x(Math.min(1, Math.max(0, coverage.minimum)));
  const high = lines.length * rowHeight + 2;
  const thin = isThin(coverage);
  const verdict = `${counted(coverage.compared, "request")} of ${count(coverage.eligible)} compared, at least ${shareWords(coverage.minimum)} asked for${thin ? ": too few to decide anything" : ""}.`;
  return {
    title: "Coverage",
    caption: verdict,
    legend: [{ mark: "bound-solid", words: "must be compared" }],
    svg: drawing(
      { id, title: "Coverage", description: verdict, height: high },
      html`<line class="frame" x1="${left}" x2="${left}" y1="0" y2="${high}"/>${rows}<line class="bound solid" x1="${bound}" x2="${bound}" y1="${rowHeight + 2}" y2="${2 * rowHeight - 4}"/>`,
    ),
  };
}
