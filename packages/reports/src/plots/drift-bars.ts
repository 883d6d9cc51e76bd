import type { FeatureDrift } from "@ml-actions/gates/drift/types";
import type { Verdict, VerdictName } from "@ml-actions/gates/types";
import {
  boundsOf,
  driftedFirst,
  type Effect,
  effectOf,
  effectTitle,
  effectWords,
  type Standing,
  standingOf,
} from "../data/drift.ts";
import { chance, count, tick, type Unit } from "../figures.ts";
import { html, type Markup } from "../html/markup.ts";
import { axes, drawing, type Figure, type LegendEntry, width } from "./canvas.ts";
import { fitted } from "./label.ts";
import { linear, rounded, type Scale } from "./scale.ts";
import { mark } from "./slices.ts";

const rowHeight = 20;
const rowsShown = 40;
const inset = { left: 152, right: 74, top: 10, bottom: 42 };
/** A bar so many times as long as the bound is cut, or one feature would flatten all others. */
const boundsWide = 8;

const marks: Readonly<Record<Exclude<Standing, "unknown">, VerdictName>> = {
  drifted: "fail",
  chance: "inconclusive",
  within: "pass",
};

interface Bar {
  feature: FeatureDrift;
  value: number | null;
  bound: number | null;
  standing: Standing;
}

/** One bar a feature, worst first, against the gate's bound; the mark says what the test made of it. */
export function driftBarPlot(
  id: string,
  effect: Effect,
  features: readonly FeatureDrift[],
  gates: readonly Verdict[],
): Figure | null {
  const bounds = boundsOf(gates, effect);
  const all = driftedFirst(features).map((feature): Bar => {
    const value = effectOf(feature, effect);
    const bound = bounds.of(feature.feature);
    return { feature, value, bound, standing: standingOf(feature, value, bound) };
  });
  const bars = all.filter(({ bound }) => bound !== null || !bounds.partial).filter(isTelling(effect));
  if (bars.every(({ value }) => value === null)) return null;
  const shown = bars.slice(0, rowsShown);
  const unit: Unit = effect === "missing_rate" ? "share" : "none";
  const high = inset.top + shown.length * rowHeight + inset.bottom;
  const { x, cut } = lengthScale(shown, unit);
  const y = Object.assign((row: number) => inset.top + (row + 0.5) * rowHeight, {
    domain: [0, shown.length] as const,
    ticks: shown.map((_, row) => row),
    format: (row: number) => fitted(shown[row]?.feature.feature ?? "", inset.left - 8),
  });
  const title = `${effectTitle(effect)} by feature`;
  const drifted = bars.filter(({ standing }) => standing === "drifted").length;
  const more =
    bars.length > shown.length ? ` The worst ${shown.length} of ${count(bars.length)} are shown.` : "";
  const cutWords = cut ? " A bar with an arrow is longer than drawn." : "";
  const bounded = shown.some(({ bound }) => bound !== null);
  return {
    title,
    caption: `${effect === "missing_rate" ? "Share of current rows without a value, where there is any" : "How far each feature has moved from its reference"}${bounded ? "; the upright line is the gate's bound" : ""}.${cutWords}${more}`,
    legend: legendOf(shown, bounded),
    svg: drawing(
      {
        id,
        title,
        description: `${count(drifted)} of ${count(bars.length)} features drifted. ${bars
          .slice(0, 3)
          .map((bar) => `${bar.feature.feature}: ${effectWords(effect, bar.value)}`)
          .join(", ")}.${more}`,
        height: high,
      },
      html`${axes(x, y, { x: effectTitle(effect), y: "" }, inset, high)}${shown.map((bar, row) => barOf(bar, y(row), x, effect))}${boundLines(shown, y, x)}`,
    ),
  };
}

/** Most features miss nothing, and a row for each would say so over and over. */
function isTelling(effect: Effect): (bar: Bar) => boolean {
  return ({ value }) => effect !== "missing_rate" || value === null || value > 0;
}

function lengthScale(bars: readonly Bar[], unit: Unit): { x: Scale; cut: boolean } {
  const longest = Math.max(...bars.map(({ value, bound }) => Math.max(value ?? 0, bound ?? 0)));
  const widest = Math.max(...bars.map(({ bound }) => bound ?? 0)) * boundsWide;
  const end = widest > 0 && longest > 1.5 * widest ? widest : longest;
  const domain: [number, number] = [0, end > 0 ? rounded([0, end])[1] : 1];
  const x = linear(domain, [inset.left, width - inset.right], (value) => tick(value, unit), 4);
  return { x, cut: longest > domain[1] };
}

function barOf({ feature, value, bound, standing }: Bar, y: number, x: Scale, effect: Effect): Markup {
  const words = `${feature.feature}: ${effectWords(effect, value)}, bound ${effectWords(effect, bound)}, p ${chance(feature.pAdjusted)}, ${meaning[standing]}`;
  if (value === null || standing === "unknown") {
    return html`<g><title>${words}</title><text class="tick" x="${inset.left + 6}" y="${y + 4}">could not be had</text></g>`;
  }
  const [start, end] = [inset.left, x(Math.min(value, x.domain[1]))];
  const arrow = value > x.domain[1] ? html`<path class="bar-arrow" d="M${end - 9} ${y - 5}l5 5-5 5"/>` : null;
  return html`<g><title>${words}</title><rect class="bar ${marks[standing]}" x="${start}" y="${y - 6}" width="${Math.max(1, end - start)}" height="12"/>${arrow}${mark(marks[standing], width - inset.right + 9, y)}<text class="tick" x="${width - 2}" y="${y + 4}" text-anchor="end">${effectWords(effect, value)}</text></g>`;
}

/** Rows that share a bound share its line. */
function boundLines(bars: readonly Bar[], y: Scale, x: Scale): Markup {
  const lines: { bound: number; from: number; to: number }[] = [];
  bars.forEach(({ bound }, row) => {
    if (bound === null || bound > x.domain[1]) return;
    const last = lines.at(-1);
    if (last !== undefined && last.bound === bound && last.to === row) last.to = row + 1;
    else lines.push({ bound, from: row, to: row + 1 });
  });
  return html`${lines.map(({ bound, from, to }) => html`<line class="bound solid" x1="${x(bound)}" x2="${x(bound)}" y1="${y(from) - rowHeight / 2}" y2="${y(to - 1) + rowHeight / 2}"/>`)}`;
}

const meaning: Readonly<Record<Standing, string>> = {
  drifted: "drifted: beyond the bound and significant",
  chance: "beyond the bound, not significant",
  within: "within the bound",
  unknown: "could not be had",
};

function legendOf(bars: readonly Bar[], bounded: boolean): LegendEntry[] {
  const standings = (["drifted", "chance", "within"] as const).filter((name) =>
    bars.some(({ standing }) => standing === name),
  );
  return [
    ...standings.map(
      (name): LegendEntry => ({
        mark: marks[name],
        words: bounded || name !== "within" ? meaning[name] : "not drifted",
      }),
    ),
    ...(bounded ? [{ mark: "bound-solid" as const, words: "bound" }] : []),
  ];
}
