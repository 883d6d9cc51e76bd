import { findMetric } from "@ml-actions/gates/catalog";
import type { Verdict } from "@ml-actions/gates/types";
import type { ModelMetrics } from "../inputs.ts";
import { gateOf, isSliced, severity } from "../verdicts.ts";

/** The gates of one metric over the values of one column. */
export interface SliceGroup {
  metric: string;
  column: string;
  slices: { value: string; verdict: Verdict }[];
  /** The same metric over all rows, where a gate has it. */
  whole: Verdict | null;
}

/** Groups with at least two slices that have a value to draw, worst slice first, then by value. */
export function sliceGroups(verdicts: readonly Verdict[]): SliceGroup[] {
  const groups = new Map<string, SliceGroup>();
  const wholes = new Map(
    verdicts.filter((verdict) => !isSliced(verdict)).map((whole) => [whole.metric, whole]),
  );
  for (const verdict of verdicts) {
    if (!isSliced(verdict) || verdict.observed === null) continue;
    const gate = gateOf(verdict);
    if (gate?.slice === undefined) continue;
    const key = JSON.stringify([gate.metric, gate.slice.column]);
    const whole = wholes.get(gate.metric) ?? null;
    const group = groups.get(key) ?? { metric: gate.metric, column: gate.slice.column, slices: [], whole };
    group.slices.push({ value: gate.slice.value, verdict });
    groups.set(key, group);
  }
  const found = [...groups.values()].filter((group) => group.slices.length > 1);
  for (const group of found) {
    group.slices.sort(
      (a, b) =>
        severity[a.verdict.verdict] - severity[b.verdict.verdict] ||
        (a.verdict.observed ?? 0) - (b.verdict.observed ?? 0),
    );
  }
  return found;
}

/** One metric over the values of one column, of both models and without gates. */
export interface MetricSlices {
  metric: string;
  column: string;
  slices: { value: string; candidate: number; baseline: number | null }[];
}

/**
 * For every column that the metrics were sliced by and no gate was: the metric that the gates speak of first (else the
 * first there is), the slice where the candidate lost most on top.
 */
export function metricSlices(metrics: ModelMetrics, verdicts: readonly Verdict[]): MetricSlices[] {
  const gated = new Set(sliceGroups(verdicts).map(({ column }) => column));
  const groups = new Map<string, Map<string, MetricSlices>>();
  for (const [name, candidate] of Object.entries(metrics.candidate)) {
    const parts = name.includes("{") && Number.isFinite(candidate) ? partsOf(name) : null;
    if (parts === null || gated.has(parts.column)) continue;
    const { metric, column, value } = parts;
    const ofColumn = groups.get(column) ?? new Map<string, MetricSlices>();
    groups.set(column, ofColumn);
    const group = ofColumn.get(metric) ?? { metric, column, slices: [] };
    ofColumn.set(metric, group);
    group.slices.push({ value, candidate, baseline: metrics.baseline?.[name] ?? null });
  }
  const wanted = verdicts.map(({ metric }) => metric);
  return [...groups.values()].flatMap((ofColumn) => {
    const chosen = wanted.map((metric) => ofColumn.get(metric)).find((group) => group !== undefined);
    const group = chosen ?? [...ofColumn.values()][0];
    return group === undefined || group.slices.length < 2 ? [] : [mostLostFirst(group)];
  });
}

function mostLostFirst(group: MetricSlices): MetricSlices {
  const sign = findMetric(group.metric)?.better === "lower" ? -1 : 1;
  const gain = (slice: MetricSlices["slices"][number]) => sign * (slice.candidate - (slice.baseline ?? 0));
  return { ...group, slices: group.slices.toSorted((a, b) => gain(a) - gain(b)) };
}

/** `f1{carrier=UA}` → f1, carrier, UA. Only to label a plot: quotes are taken off, escapes stay. */
function partsOf(name: string): { metric: string; column: string; value: string } | null {
  const [, metric, column, value] = /^([^{]+)\{("(?:[^"\\]|\\.)*"|[^="]+)=(.*)\}$/s.exec(name) ?? [];
  if (metric === undefined || column === undefined || value === undefined) return null;
  const bare = (text: string) =>
    text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
  return { metric, column: bare(column.trim()), value: bare(value.trim()) };
}
