import { assertGatesApply } from "../catalog.ts";
import { GatesError } from "../error.ts";
import { visible } from "../language/messages.ts";
import { formatMetric } from "../language/slice.ts";
import type { Gate } from "../types.ts";
import { benjaminiHochberg } from "./benjamini-hochberg.ts";
import type { Side } from "./comparable.ts";
import { judgeEstimate } from "./estimate-verdict.ts";
import type { Predictions } from "./estimated-performance.ts";
import { type Measured, measureFeature } from "./features.ts";
import { type GateVerdict, judgeFeatures } from "./gate-verdict.ts";
import { mostDraws } from "./permutation.ts";
import { type Profile, ProfileBuilder } from "./profile.ts";
import type { DriftResult, FeatureTable } from "./types.ts";
import { yardsticks } from "./yardsticks.ts";

export interface DriftOptions {
  reference: Profile | FeatureTable;
  current: Profile | FeatureTable;
  /** How much each feature matters to the model; what is not named counts as 0. Ranks the features, judges none. */
  importance?: Readonly<Record<string, number>>;
  /** From 0.5 to below 1. Of features that have not drifted, the share 1 − confidence at most is called drifted. */
  confidence: number;
  /** Another seed draws other permutations. */
  seed?: number;
  /** For gates on what the model is worth without labels. */
  predictions?: Predictions;
}

/**
 * Judges how far current data has moved from a reference. Pure: the same input gives the same result.
 *
 * What cannot be compared is never a pass: a feature that one side lacks, that changed its type, or a table of fewer
 * than 30 rows is inconclusive, with its reason.
 * @throws GatesError `metric-not-here` for gates of another action, `drift` for importances that are no such numbers or
 * of unknown features and for gates that speak of what drift does not have, `shape` for a confidence out of range
 */
export function compareDrift(gates: readonly Gate[], options: DriftOptions): DriftResult {
  const { confidence, seed = 0 } = options;
  assertGatesApply(gates, { place: "drift" });
  assertDriftGates(gates);
  assertConfidence(confidence);
  const reference = sideOf(options.reference);
  const current = sideOf(options.current);
  const names = [...new Set([...reference.names, ...current.names])].sort();
  assertImportance(options.importance, names);
  // So many that one feature alone can be told from chance among all of them.
  const draws = Math.max(mostDraws, Math.ceil((2 * names.length) / (1 - confidence)));
  const measured = names.map((name) =>
    measureFeature(name, reference.of(name), current.of(name), { seed, draws }),
  );
  const adjusted = adjust(measured);
  const rows = Math.min(options.reference.rows, options.current.rows);
  const results = expand(gates, names).map(
    (gate): GateVerdict =>
      Object.hasOwn(yardsticks, gate.metric)
        ? judgeFeatures(gate, measured, { confidence, seed, draws, rows })
        : { verdict: judgeEstimate(gate, options.predictions, { confidence, seed }), drifted: [] },
  );
  const drifted = new Set(results.flatMap((result) => result.drifted));
  const features = measured.map(({ drift }) => ({
    ...drift,
    pAdjusted: adjusted.get(drift.feature) ?? null,
    importance: importanceOf(options.importance, drift.feature),
    drifted: drifted.has(drift.feature),
  }));
  return { verdicts: results.map(({ verdict }) => verdict), features: ranked(features) };
}

interface Table {
  names: readonly string[];
  of: (name: string) => Side;
}

function sideOf(data: Profile | FeatureTable): Table {
  const raw = isTable(data) ? data : null;
  const profile = raw === null ? (data as Profile) : profileOfTable(raw);
  return {
    names: [...profile.columns.keys()],
    of: (name) => ({ rows: profile.rows, column: profile.columns.get(name), raw: raw?.columns.get(name) }),
  };
}

function profileOfTable(table: FeatureTable): Profile {
  const builder = new ProfileBuilder();
  builder.add(table);
  return builder.profile();
}

/** A table's columns hold rows, a profile's counts. Without columns both are the same nothing. */
function isTable(data: Profile | FeatureTable): data is FeatureTable {
  const [column] = data.columns.values();
  return column !== undefined && !("cells" in column || "categories" in column);
}

function adjust(measured: readonly Measured[]): Map<string, number> {
  const tested = measured.flatMap(({ drift }) =>
    drift.p === null ? [] : [{ feature: drift.feature, p: drift.p }],
  );
  const adjusted = benjaminiHochberg(tested.map(({ p }) => p));
  return new Map(tested.map(({ feature }, i) => [feature, adjusted[i] as number]));
}

/** `{feature=*}` is a gate for every feature. */
function expand(gates: readonly Gate[], names: readonly string[]): Gate[] {
  return gates.flatMap((gate) => {
    const { slice } = gate;
    if (slice?.every !== true || names.length === 0) return [gate];
    const every = formatMetric(gate.metric, slice);
    return names.map((value) => {
      const one = { ...slice, value, every: false };
      return { ...gate, slice: one, text: gate.text.replace(every, () => formatMetric(gate.metric, one)) };
    });
  });
}

/** Worst first: what cannot be compared, then by PSI × importance, then by PSI. */
function ranked(features: DriftResult["features"]): DriftResult["features"] {
  const effect = (feature: (typeof features)[number]): number => feature.psi ?? Number.POSITIVE_INFINITY;
  const weight = ({ psi, importance }: (typeof features)[number]): number =>
    psi === null ? Number.POSITIVE_INFINITY : psi * (importance ?? 1);
  return features.toSorted((a, b) => descending(weight(a), weight(b)) || descending(effect(a), effect(b)));
}

function descending(a: number, b: number): number {
  return a === b ? 0 : b - a;
}

function importanceOf(importance: DriftOptions["importance"], name: string): number | null {
  if (importance === undefined) return null;
  return Object.hasOwn(importance, name) ? (importance[name] as number) : 0;
}

/** Refuses, all at once, gates that can be read but say nothing of drift, so that an action may do so before any data is
 * read: a slice by anything but `feature`, a baseline for a distance, which is from the reference already.
 * @throws GatesError `drift` */
export function assertDriftGates(gates: readonly Gate[]): void {
  const problems = gates.flatMap(({ text, metric, slice, bound }) => {
    if (!Object.hasOwn(yardsticks, metric))
      return slice === undefined ? [] : [`"${text}": ${metric} is of the model, not of a feature`];
    if (slice !== undefined && slice.column !== "feature")
      return [`"${text}": of drift, braces name a feature: ${metric}{feature=${visible(slice.value)}}`];
    if (bound.kind === "baseline" && metric !== "missing_rate")
      return [`"${text}": ${metric} is measured from the reference already, its bound is a number`];
    return [];
  });
  if (problems.length > 0)
    throw new GatesError(
      "drift",
      `Gates that drift has no answer to:\n${problems.map((line) => `  - ${line}`).join("\n")}`,
      "Write psi <= 0.2 for every feature, psi{feature=NAME} <= 0.2 for one.",
    );
}

function assertConfidence(confidence: number): void {
  if (!(confidence >= 0.5 && confidence < 1))
    throw new GatesError(
      "shape",
      `The confidence is ${confidence}, expected a number from 0.5 to below 1.`,
      "Write it as a share: 0.95.",
    );
}

function assertImportance(importance: DriftOptions["importance"], names: readonly string[]): void {
  const known = new Set(names);
  const problems = Object.entries(importance ?? {}).flatMap(([name, value]) => {
    const wrong = typeof value !== "number" || !Number.isFinite(value) || value < 0;
    return [
      ...(known.has(name) ? [] : [`${visible(name)} is no feature of the data`]),
      ...(wrong ? [`${visible(name)} has the importance ${value}, expected a number from 0 on`] : []),
    ];
  });
  if (problems.length > 0)
    throw new GatesError(
      "drift",
      `The importances do not fit:\n${problems
        .slice(0, 20)
        .map((line) => `  - ${line}`)
        .join("\n")}`,
      `Give a number from 0 on for features that the data has: ${names.slice(0, 20).map(visible).join(", ")}.`,
    );
}
