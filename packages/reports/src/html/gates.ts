/** The table of verdicts with a picture of each interval. */
import type { Verdict } from "@ml-actions/gates/types";
import { oneLine, shortened } from "../clean.ts";
import { count, formatter, unitOf } from "../figures.ts";
import { mark } from "../plots/slices.ts";
import { gateOf, shownAs, sign, worstFirst } from "../verdicts.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { badge } from "./parts.ts";

/** A reader takes in so many at once; as many again and again are folded below them, and the metrics file has all. */
const rowsOpen = 40;
const rowsShown = 200;
/** Names and reasons may be long: the table never takes more than this of a page's 500 KB. */
const budgetCharacters = 220_000;

const picture = { width: 170, height: 34, pad: 10 };

/** Worst first. */
export function gatesTable(verdicts: readonly Verdict[], caption: string): Content {
  if (verdicts.length === 0) return html`<p class="muted">No gate was judged.</p>`;
  const sorted = worstFirst(verdicts);
  const rows: Markup[] = [];
  let characters = 0;
  for (const verdict of sorted.slice(0, rowsShown)) {
    const next = row(verdict);
    characters += next.text.length;
    if (characters > budgetCharacters) break;
    rows.push(next);
  }
  const [open, folded, more] = [rows.slice(0, rowsOpen), rows.slice(rowsOpen), sorted.length - rows.length];
  const note =
    more > 0
      ? html`<p class="muted small">${count(more)} more gates, none worse than the last above, are in the metrics file.</p>`
      : null;
  const rest =
    folded.length === 0
      ? null
      : html`<details><summary>${count(folded.length)} more gates, none worse than the last above</summary>${tableOf(folded, caption)}</details>`;
  return html`<div class="gates">${tableOf(open, caption)}${rest}${note}</div>`;
}

/** On a phone each row becomes a card; `display: block` takes a table's meaning from it, so the roles are spelt out. */
function tableOf(rows: readonly Markup[], caption: string): Markup {
  return html`<table role="table"><caption>${caption}</caption><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Verdict</th><th scope="col" role="columnheader">Gate</th><th scope="col" role="columnheader" class="number">Observed</th><th scope="col" role="columnheader" class="number">Bound</th><th scope="col" role="columnheader">Interval</th><th scope="col" role="columnheader" class="number">n</th></tr></thead><tbody role="rowgroup">${rows}</tbody></table>`;
}

function row(verdict: Verdict): Markup {
  const { observed, bound, baseline, interval } = verdict;
  const show = formatter([observed, bound, baseline, ...(interval ?? [])], unitOf(verdict.metric));
  const words = interval === null ? "no interval" : `${show(interval[0])} to ${show(interval[1])}`;
  const settle =
    verdict.settle === undefined
      ? null
      : html`<span class="why"><b>To settle it:</b> ${oneLine(verdict.settle, 300)}</span>`;
  return html`<tr role="row"${verdict.verdict === "fail" ? html` class="fail-row"` : null}><td role="cell">${badge(verdict.verdict, shownAs(verdict))}</td><th scope="row" role="rowheader"><code>${shortened(verdict.gate, 200)}</code><span class="why">${oneLine(verdict.reason, 600)}</span>${settle}</th><td role="cell" class="number" data-label="Observed">${show(observed)}</td><td role="cell" class="number" data-label="Bound">${bound === null ? "—" : `${sign(verdict)} ${show(bound)}`}</td><td role="cell" class="range" data-label="Interval">${intervalPicture(verdict, words)}<span class="small muted">${words}</span></td><td role="cell" class="number" data-label="n">${count(verdict.n)}</td></tr>`;
}

/** The allowed side shaded, the bound as a line, the interval as a whisker, the observed value as the verdict's mark. */
function intervalPicture(verdict: Verdict, words: string): Content {
  const { observed, bound, interval } = verdict;
  const values = [observed, bound, ...(interval ?? [])].filter(
    (value) => value !== null && Number.isFinite(value),
  );
  if (observed === null || !Number.isFinite(observed) || values.length < 2) return null;
  const [low, high] = [Math.min(...values.map(Number)), Math.max(...values.map(Number))];
  const { width, height, pad } = picture;
  const span = high > low ? high - low : 1;
  const x = (value: number) =>
    pad + ((Math.min(high, Math.max(low, value)) - low) / span) * (width - 2 * pad);
  const middle = height / 2;
  const upward = gateOf(verdict)?.comparison.startsWith(">") ?? null;
  const edge = bound === null ? 0 : x(bound);
  const allowed =
    bound === null || upward === null
      ? null
      : html`<rect class="allowed" x="${upward ? edge : 0}" y="4" width="${upward ? width - edge : edge}" height="${height - 8}"/>`;
  const limit =
    bound === null
      ? null
      : html`<line class="bound solid" x1="${edge}" x2="${edge}" y1="4" y2="${height - 4}"/>`;
  const whisker =
    interval === null
      ? null
      : html`<line class="whisker ${verdict.verdict}" x1="${x(interval[0])}" x2="${x(interval[1])}" y1="${middle}" y2="${middle}"/>`;
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Interval ${words}">${allowed}${limit}${whisker}${mark(verdict.verdict, x(observed), middle)}</svg>`;
}
