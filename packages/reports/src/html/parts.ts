/** Parts that several pages share. */
import type { VerdictName } from "@ml-actions/gates/types";
import { count, formatter, unitOf } from "../figures.ts";
import type { ModelMetrics, NamedRelease } from "../inputs.ts";
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

export function badge(verdict: VerdictName): Markup {
  return html`<span class="badge ${verdict}-ink">${icon(verdict)}${verdict}</span>`;
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
  return html`<b>${named.label}</b>${named.digest === null ? null : html` <code class="muted">${named.digest}</code>`}`;
}

export function list(sentences: readonly string[]): Markup {
  return html`<ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;
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
    const compared =
      baseline === null
        ? null
        : html`<td class="number">${show(before)}</td><td class="number">${change !== null && change > 0 ? "+" : ""}${show(change)}</td>`;
    return html`<tr><th scope="row"><code>${name}</code></th><td class="number">${show(now)}</td>${compared}</tr>`;
  });
  const more = names.length - metricsShown;
  const heads =
    baseline === null
      ? null
      : html`<th scope="col" class="number">${labels.baseline ?? "baseline"}</th><th scope="col" class="number">Change</th>`;
  return folded(
    `All metrics (${count(names.length)})`,
    html`<div class="scroll" tabindex="0" role="region" aria-label="All metrics"><table><caption>Every metric that was computed${more > 0 ? `; ${count(more)} more are in the metrics file` : ""}.</caption><thead><tr><th scope="col">Metric</th><th scope="col" class="number">${labels.candidate}</th>${heads}</tr></thead><tbody>${rows}</tbody></table></div>`,
  );
}
