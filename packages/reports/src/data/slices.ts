import { findMetric } from "@ml-actions/gates/catalog";
import type { Verdict } from "@ml-actions/gates/types";
import type { ModelMetrics } from "../inputs.ts";
import { gateOf, isSliced, isUnjudged, marginOf, severity } from "../verdicts.ts";

/** One gate over the values of one column. */
export interface SliceGroup {
  metric: string;
  column: string;
  slices: { value: string; verdict: Verdict }[];
  /** The bound that all of them share; null where each has its own. */
  bound: number | null;
  /** Slices without a value: too few rows, no labels of one class. */
  unjudged: { value: string; verdict: Verdict }[];
  /** The same metric over all rows, where a gate has it. */
  whole: Verdict | null;
}

/** Groups with at least two slices, worst first: by verdict, then by how far it lies on the wrong side of the bound. */
export function sliceGroups(verdicts: readonly Verdict[]): SliceGroup[] {
  const groups = new Map<string, SliceGroup>();
  const wholes = new Map(
    verdicts.filter((verdict) => !isSliced(verdict)).map((whole) => [whole.metric, whole]),
  );
  for (const verdict of verdicts) {
    const gate = isSliced(verdict) ? gateOf(verdict) : null;
    if (gate === null || gate.slice === undefined) continue;
    const { column, value } = gate.slice;
    const key = JSON.stringify([gate.metric, column, gate.comparison, gate.bound]);
    const whole = wholes.get(gate.metric) ?? null;
    const group = groups.get(key) ?? {
      metric: gate.metric,
      column,
      slices: [],
      bound: null,
      unjudged: [],
      whole,
    };
    groups.set(key, group);
    const { observed, interval, rule } = verdict;
    const open = verdict.verdict === "inconclusive" && interval === null && rule !== "estimate";
    (observed === null || open || isUnjudged(verdict) ? group.unjudged : group.slices).push({
      value,
      verdict,
    });
  }
  const found = [...groups.values()].filter(({ slices }) => slices.length > 0);
  for (const group of found) {
    group.slices.sort(
      (a, b) =>
        severity[a.verdict.verdict] - severity[b.verdict.verdict] ||
        marginOf(a.verdict) - marginOf(b.verdict),
    );
    const bounds = new Set(group.slices.map(({ verdict }) => verdict.bound));
    group.bound = bounds.size === 1 ? (group.slices[0]?.verdict.bound ?? null) : null;
  }
  return found.filter(({ slices, unjudged }) => slices.length + unjudged.length > 1);
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
