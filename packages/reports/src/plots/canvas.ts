/** The paper that plots are drawn on: an SVG with a frame, axes and names for screen readers. */
import { type Content, html, Markup } from "../html/markup.ts";
import type { Scale } from "./scale.ts";

/** One size for all, so that they line up in a grid; text of 12 units stays readable on a phone. */
export const width = 440;
export const height = 300;

export interface Inset {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const usualInset: Inset = { left: 52, right: 18, top: 10, bottom: 42 };

/** A plot with the words around it. */
export interface Figure {
  title: string;
  /** How to read it, in a sentence; HTML or text. */
  caption: Content;
  legend: readonly LegendEntry[];
  svg: Markup;
}

export interface LegendEntry {
  /** The style of the line or area in the plot. */
  mark:
    | "candidate"
    | "baseline"
    | "candidate-thin"
    | "candidate-dot"
    | "candidate-bar"
    | "baseline-bar"
    | "baseline-dot"
    | "baseline-thin"
    | "bound"
    | "bound-solid"
    | "pass"
    | "fail"
    | "inconclusive";
  words: string;
}

export interface Drawing {
  /** Unique on the page, for the ids that label the picture. */
  id: string;
  title: string;
  /** What a reader would see, in words with the numbers. */
  description: string;
  width?: number;
  height?: number;
}

export function drawing(about: Drawing, content: Content): Markup {
  const [w, h] = [about.width ?? width, about.height ?? height];
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" role="img" aria-labelledby="${about.id}-t ${about.id}-d"><title id="${about.id}-t">${about.title}</title><desc id="${about.id}-d">${about.description}</desc>${content}</svg>`;
}

export interface AxisNames {
  x: string;
  y: string;
}

/** Grid lines, tick labels and axis names; y from the bottom up. */
export function axes(x: Scale, y: Scale, names: AxisNames, inset: Inset = usualInset, h = height): Markup {
  const [left, right, top, bottom] = [inset.left, width - inset.right, inset.top, h - inset.bottom];
  const vertical = x.ticks.map(
    (tick) =>
      html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${top}" y2="${bottom}"/><text class="tick" x="${x(tick)}" y="${bottom + 16}" text-anchor="middle">${x.format(tick)}</text>`,
  );
  const horizontal = y.ticks.map(
    (tick) =>
      html`<line class="grid" x1="${left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/><text class="tick" x="${left - 6}" y="${y(tick) + 4}" text-anchor="end">${y.format(tick)}</text>`,
  );
  const middle = (top + bottom) / 2;
  return html`<g aria-hidden="true">${vertical}${horizontal}<path class="frame" d="M${left} ${top}V${bottom}H${right}"/><text class="axis" x="${(left + right) / 2}" y="${h - 6}" text-anchor="middle">${names.x}</text><text class="axis" transform="rotate(-90 12 ${middle})" x="12" y="${middle}" text-anchor="middle">${names.y}</text></g>`;
}

/** The `d` of a line through points already scaled. */
export function path(points: readonly Point[]): Markup {
  return new Markup(commands(points));
}

/** The `d` of the area between an upper line and a lower one. */
export function area(upper: readonly Point[], lower: readonly Point[]): Markup {
  return new Markup(upper.length === 0 ? "" : `${commands([...upper, ...lower.toReversed()])}Z`);
}

type Point = readonly [number, number];

function commands(points: readonly Point[]): string {
  return points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${short(x)} ${short(y)}`).join("");
}

function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toFixed(1))) : "0";
}
