/** Numbers for people: the unit of the metric, no more digits than tell the values apart, and never "NaN". */

import { findMetric } from "@ml-actions/gates/catalog";

/** Milliseconds, a share shown in percent, or a plain number. */
export type Unit = "ms" | "share" | "none";

const noBreakSpace = "\u00a0";

/** `latency.p95{carrier=UA}` is in ms, `error_rate` a share; scores such as f1 and auc are read as 0.912. */
export function unitOf(metric: string): Unit {
  const name = metric.split("{", 1)[0] ?? metric;
  if (findMetric(name)?.unit === "ms") return "ms";
  return /_rate$/.test(name) ? "share" : "none";
}

/**
 * Formats values that stand beside each other with the same number of decimals: three significant digits of the
 * largest, and as many more as it takes (at most 8 decimals) for different values to look different, so that a table
 * never says "0.481 is below 0.481".
 */
export function formatter(values: readonly (number | null)[], unit: Unit): (value: number | null) => string {
  const scaled = values.flatMap((value) =>
    value !== null && Number.isFinite(value) ? [value * scale(unit)] : [],
  );
  const largest = Math.max(0, ...scaled.map(Math.abs));
  let decimals = decimalsFor(largest);
  const distinct = new Set(scaled.map((value) => value.toFixed(8))).size;
  while (decimals < 8 && new Set(scaled.map((value) => value.toFixed(decimals))).size < distinct) decimals++;
  return (value) => {
    if (value === null || Number.isNaN(value)) return "—";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    return `${decimal(value * scale(unit), decimals)}${suffix(unit)}`;
  };
}

/** A tick of an axis: no more decimals than the number has. */
export function tick(value: number, unit: Unit): string {
  const scaled = Number((value * scale(unit)).toPrecision(12));
  return `${scaled.toLocaleString("en-US", { maximumFractionDigits: 12 }).replace(/^-/, "−")}${suffix(unit)}`;
}

/** One value on its own. */
export function figure(value: number | null, unit: Unit): string {
  return formatter([value], unit)(value);
}

/** The chance of a test: 0.012, or that it is too small to matter how small. */
export function chance(p: number | null): string {
  if (p === null || !Number.isFinite(p)) return "—";
  return p < 0.0001 ? `<${noBreakSpace}0.0001` : String(Number(p.toPrecision(2)));
}

/** 12,345. */
export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "—";
}

/** `1 request`, `2 requests`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${Math.round(value) === 1 ? "" : "s"}`;
}

/** 10 %, 2.5 %. */
export function percent(value: number): string {
  return `${decimal(value, Number.isInteger(value) ? 0 : 1)}${noBreakSpace}%`;
}

/** 850 ms, 42 s, 1 min 42 s, 2 h 5 min. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "—";
  if (ms < 1000) return `${Math.round(ms)}${noBreakSpace}ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}${noBreakSpace}s`;
  if (seconds < 3600) return both(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  return both(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

/** 12:01:44, in UTC: the page of a run is read in every timezone. */
export function timeOfDay(at: number): string {
  return isDate(at) ? new Date(at).toISOString().slice(11, 19) : "—";
}

/** 2026-11-22 12:01 UTC. */
export function dateAndTime(at: number): string {
  return isDate(at) ? `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC` : "—";
}

const suffixes = { ms: `${noBreakSpace}ms`, share: `${noBreakSpace}%`, none: "" } as const;

function suffix(unit: Unit): string {
  return suffixes[unit];
}

function scale(unit: Unit): number {
  return unit === "share" ? 100 : 1;
}

function decimalsFor(largest: number): number {
  if (largest === 0) return 0;
  return Math.min(8, Math.max(0, largest >= 0.1 && largest < 1 ? 3 : 2 - Math.floor(Math.log10(largest))));
}

function decimal(value: number, decimals: number): string {
  if (Math.abs(value) >= 1e15) return value.toExponential(2);
  const shown = value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return shown.replace(/^-/, /[1-9]/.test(shown) ? "−" : "");
}

function both(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const first = `${large}${noBreakSpace}${largeUnit}`;
  return small === 0 ? first : `${first} ${small}${noBreakSpace}${smallUnit}`;
}

/** The range that ECMAScript's Date can hold. */
function isDate(at: number): boolean {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15;
}
