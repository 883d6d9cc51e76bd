import type { FeatureDrift } from "@ml-actions/gates/drift/types";
import { type BinShares, effectWords, shareWords, tellingBins } from "../data/drift.ts";
import { chance, count, tick } from "../figures.ts";
import { html, type Markup } from "../html/markup.ts";
import { drawing, type Figure, width } from "./canvas.ts";
import { fitted } from "./label.ts";

const rowHeight = 24;
const binsShown = 14;
/** Room for a bin's label on the left, and for "12.3 → 31.0 %" on the right. */
const left = 134;
const right = 96;

/** Both sides' share of rows in every bin, lying, so that long labels stay readable. */
export function driftBinPlot(id: string, feature: FeatureDrift): Figure | null {
  const bins = tellingBins(feature, binsShown);
  if (bins.length === 0) return null;
  const longest = Math.max(1e-9, ...bins.flatMap(({ reference, current }) => [reference, current]));
  const length = (share: number) => (share / longest) * (width - left - right);
  const rows = bins.map((bin, row) => pairOf(bin, row * rowHeight, length));
  const largest = bins.toSorted((a, b) => change(b) - change(a))[0];
  const more =
    feature.bins.length > bins.length
      ? ` The ${bins.length} of ${count(feature.bins.length)} bins that changed most.`
      : "";
  return {
    title: fitted(feature.feature, 420),
    caption: `${figuresOf(feature)}${more}${feature.notes.map((note) => ` ${sentence(note)}`).join("")}`,
    legend: [
      { mark: "baseline-bar", words: "reference" },
      { mark: "candidate-bar", words: "current" },
    ],
    svg: drawing(
      {
        id,
        title: `Bins of ${feature.feature}`,
        description: `Largest change: ${largest?.label ?? ""}, ${shareWords(largest?.reference ?? 0)} to ${shareWords(largest?.current ?? 0)}.${more}`,
        height: bins.length * rowHeight + 4,
      },
      html`${rows}<line class="frame" x1="${left}" x2="${left}" y1="0" y2="${bins.length * rowHeight + 2}"/>`,
    ),
  };
}

function pairOf(
  { label, reference, current }: BinShares,
  top: number,
  length: (share: number) => number,
): Markup {
  const [before, now] = [(reference * 100).toFixed(1), shareWords(current)];
  return html`<g><title>${label}: ${before} to ${now}</title><text class="tick" x="${left - 6}" y="${top + 16}" text-anchor="end">${fitted(label, left - 8)}</text><rect class="bar reference" x="${left}" y="${top + 3}" width="${length(reference)}" height="8"/><rect class="bar current" x="${left}" y="${top + 12}" width="${length(current)}" height="8"/><text class="tick" x="${width - 2}" y="${top + 16}" text-anchor="end">${before} → ${now}</text></g>`;
}

function figuresOf({ psi, ks, pAdjusted, importance, drifted }: FeatureDrift): string {
  const parts = [
    drifted ? "Drifted" : "Not drifted",
    `PSI ${effectWords("psi", psi)}`,
    ...(ks === null ? [] : [`KS ${effectWords("ks_distance", ks)}`]),
    `p ${chance(pAdjusted)}`,
    ...(importance === null ? [] : [`importance ${tick(Number(importance.toPrecision(3)), "none")}`]),
  ];
  return `${parts.join(", ")}.`;
}

/** Notes are written in lower case or not: here they stand behind a full stop. */
function sentence(note: string): string {
  const begun = note.charAt(0).toUpperCase() + note.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

function change({ reference, current }: BinShares): number {
  return Math.abs(current - reference);
}
