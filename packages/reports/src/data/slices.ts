import type { Verdict } from "@ml-actions/gates/types";
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
