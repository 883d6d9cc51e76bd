/** Parts that several pages share. */
import type { VerdictName } from "@ml-actions/gates/types";
import { shortened } from "../clean.ts";
import { count, dateAndTime, formatter, unitOf } from "../figures.ts";
import type { ModelMetrics, NamedRelease, RunFacts } from "../inputs.ts";
import type { Figure, LegendEntry } from "../plots/canvas.ts";
import { mark } from "../plots/slices.ts";
import { type Content, html, type Markup } from "./markup.ts";

const metricsShown = 500;
const signs: Readonly<Record<VerdictName, string>> = {
  pass: "M7 12.5l3.5 3.5L17 9",
  fail: "M8 8l8 8M16 8l-8 8",
  inconclusive: "M12 7v6M12 16.5v.2",
};

/** Told apart by shape: a circle, an octagon, a triangle. */
const shapes: Readonly<Record<VerdictName, string>> = {
  pass: "M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22z",
  fail: "M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z",
  inconclusive: "M12 1.5L23.5 21.5H.5z",
};

export function icon(verdict: VerdictName): Markup {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><path class="icon ${verdict}" d="${shapes[verdict]}"/><path class="icon-sign" d="${signs[verdict]}"/></svg>`;
}

export function badge(verdict: VerdictName, words: string = verdict): Markup {
  return html`<span class="badge ${verdict}-ink">${icon(verdict)}${words}</span>`;
}

export interface Banner {
  verdict: VerdictName;
  headline: string;
  sentence: Content;
  /** What decided it, what now. */
  points: readonly [term: string, words: Content][];
}

export function banner({ verdict, headline, sentence, points }: Banner): Markup {
  const list = points.map(([term, words]) => html`<dt>${term}</dt><dd>${words}</dd>`);
  return html`<header class="card banner ${verdict}">${icon(verdict)}<div class="words"><h1>${headline}</h1><p>${sentence}</p>${
    list.length === 0 ? null : html`<dl>${list}</dl>`
  }</div></header>`;
}

export function card(title: string, content: Content): Markup {
  return html`<section class="card"><h2>${title}</h2>${content}</section>`;
}

/** Folded until asked for. */
export function folded(title: string, content: Content): Markup {
  return html`<details class="card"><summary>${title}</summary>${content}</details>`;
}

export function plots(figures: readonly (Figure | null)[]): Content {
  const cards = figures.flatMap((figure) => (figure === null ? [] : [plot(figure)]));
  return cards.length === 0 ? null : html`<div class="plots">${cards}</div>`;
}

function plot({ title, caption, legend, svg }: Figure): Markup {
  const entries = legend.map((entry) => html`<li>${swatch(entry.mark)}${entry.words}</li>`);
  return html`<figure class="card"><h3>${title}</h3>${entries.length === 0 ? null : html`<ul class="legend">${entries}</ul>`}${svg}<figcaption class="caption">${caption}</figcaption></figure>`;
}

function swatch(name: LegendEntry["mark"]): Markup {
  const line = (classes: string) =>
    html`<svg viewBox="0 0 22 12" aria-hidden="true"><path class="${classes}" d="M0 6H22"/></svg>`;
  switch (name) {
    case "candidate":
    case "baseline":
      return line(`line ${name}`);
    case "candidate-thin":
      return line("line thin candidate");
    case "baseline-thin":
      return line("line thin baseline");
    case "bound":
      return line("bound");
    case "bound-solid":
      return html`<svg viewBox="0 0 22 12" aria-hidden="true"><path class="bound solid" d="M11 0V12"/></svg>`;
    case "candidate-bar":
    case "baseline-bar":
      return html`<svg viewBox="0 0 22 12" aria-hidden="true"><rect class="bar ${name === "candidate-bar" ? "current" : "reference"}" x="1" y="2" width="20" height="8"/></svg>`;
    case "candidate-dot":
      return html`<svg viewBox="0 0 22 12" aria-hidden="true"><circle class="dot candidate" cx="11" cy="6" r="5"/></svg>`;
    case "baseline-dot":
      return html`<svg viewBox="0 0 22 12" aria-hidden="true"><path class="dot baseline" d="M11 .5l5.5 5.5-5.5 5.5-5.5-5.5z"/></svg>`;
    default:
      return html`<svg viewBox="0 0 22 12" aria-hidden="true">${mark(name, 11, 6)}</svg>`;
  }
}

export function facts(entries: readonly [term: string, words: Content][]): Markup {
  return html`<dl class="facts">${entries.map(([term, words]) => html`<dt>${term}</dt><dd>${words}</dd>`)}</dl>`;
}

export function release(named: NamedRelease | null): Content {
  if (named === null) return "none";
  const { label, digest, image, verified } = named;
  const identity = digest === null ? null : html` <code class="muted">${image ?? digest}</code>`;
  const proof =
    verified === undefined
      ? null
      : html`<span class="muted">, evidence verified ${dateAndTime(verified.at)}</span>`;
  return html`<b>${label}</b>${identity}${proof}`;
}

/** One more fact, where something was judged: what a policy lists so that no other gates count. */
export function configurationFact({ configuration }: RunFacts): [term: string, words: Content][] {
  return configuration === undefined
    ? []
    : [
        [
          "Gate configuration",
          html`<code class="muted">${configuration}</code><span class="muted"> (listed under <code>configurations</code> in a policy, it lets no other gates count)</span>`,
        ],
      ];
}

export function list(sentences: readonly string[]): Markup {
  return html`<ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;
}

export interface Column {
  title: string;
  number?: true;
}

/** A table that scrolls sideways on a phone, by keyboard as well; the first cell of a row is its header. */
export function scrollTable(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Markup {
  const numeric = (index: number) => (columns[index]?.number === true ? html` class="number"` : null);
  const heads = columns.map(({ title }, index) => html`<th scope="col"${numeric(index)}>${title}</th>`);
  const body = rows.map(
    (cells) =>
      html`<tr>${cells.map((cell, index) => (index === 0 ? html`<th scope="row">${cell}</th>` : html`<td${numeric(index)}>${cell}</td>`))}</tr>`,
  );
  return html`<p class="small muted">${caption}</p><div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption class="hidden">${caption}</caption><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** Hundreds of rows of numbers: no class on any cell, so that the page stays small. */
export function denseTable(
  caption: string,
  titles: readonly string[],
  rows: readonly (readonly Content[])[],
): Markup {
  const heads = titles.map((title) => html`<th scope="col">${title}</th>`);
  const body = rows.map(
    ([first, ...cells]) =>
      html`<tr><th scope="row">${first ?? null}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  );
  return html`<p class="small muted">${caption}</p><div class="scroll dense" tabindex="0" role="region" aria-label="${caption}"><table><caption class="hidden">${caption}</caption><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>`;
}

export function metricsTable(
  { candidate, baseline }: ModelMetrics,
  labels: { candidate: string; baseline: string | null },
): Content {
  const names = Object.keys(candidate).toSorted((a, b) => Number(a.includes("{")) - Number(b.includes("{")));
  if (names.length === 0) return null;
  const rows = names.slice(0, metricsShown).map((name) => {
    const [now, before] = [candidate[name] ?? null, baseline?.[name] ?? null];
    const show = formatter([now, before], unitOf(name));
    const change = now === null || before === null ? null : now - before;
    const compared = [show(before), `${change !== null && change > 0 ? "+" : ""}${show(change)}`];
    return [html`<code>${shortened(name, 200)}</code>`, show(now), ...(baseline === null ? [] : compared)];
  });
  const more = names.length - metricsShown;
  const caption = `Every metric that was computed${more > 0 ? `; ${count(more)} more are in the metrics file` : ""}.`;
  const compared: Column[] = [
    { title: labels.baseline ?? "baseline", number: true },
    { title: "Change", number: true },
  ];
  const columns: Column[] = [
    { title: "Metric" },
    { title: labels.candidate, number: true },
    ...(baseline === null ? [] : compared),
  ];
  return folded(`All metrics (${count(names.length)})`, scrollTable(caption, columns, rows));
}
