/** What the reports of drift draw: effects with their bounds, and bins side by side. */
import type { DriftBin, FeatureDrift } from "@ml-actions/gates/drift/types";
import type { Verdict } from "@ml-actions/gates/types";
import { figure } from "../figures.ts";
import { gateOf } from "../verdicts.ts";

/** A figure of how far a feature has moved; the names are those of gates. */
export type Effect = "psi" | "kl" | "js" | "wasserstein" | "ks_distance" | "chi2" | "missing_rate";

const effects: Readonly<Record<Effect, { title: string; of: (feature: FeatureDrift) => number | null }>> = {
  psi: { title: "PSI", of: ({ psi }) => psi },
  kl: { title: "KL", of: ({ kl }) => kl },
  js: { title: "JS distance", of: ({ js }) => js },
  wasserstein: { title: "Wasserstein", of: ({ wasserstein }) => wasserstein },
  ks_distance: { title: "KS distance", of: ({ ks }) => ks },
  chi2: { title: "χ²", of: ({ chi2 }) => chi2 },
  missing_rate: { title: "Missing", of: ({ missing }) => missing.current },
};

export function effectTitle(effect: Effect): string {
  return effects[effect].title;
}

/** null where it could not be had: also for what is no finite number. */
export function effectOf(feature: FeatureDrift, effect: Effect): number | null {
  const value = effects[effect].of(feature);
  return value !== null && Number.isFinite(value) ? value : null;
}

/** Figures without a unit to three decimals, so that a column of them lines up; those in a unit as they are. */
export function effectWords(effect: Effect, value: number | null): string {
  if (value === null) return "—";
  if (effect === "missing_rate") return shareWords(value);
  return effect === "wasserstein" || effect === "chi2" || value >= 100
    ? figure(value, "none")
    : value.toFixed(3);
}

/** 12.3 %. */
export function shareWords(share: number): string {
  return `${(share * 100).toFixed(1)}\u00a0%`;
}

/** The effects that gates speak of, in their order; PSI when none does. */
export function gatedEffects(gates: readonly Verdict[]): Effect[] {
  const named = gates.map((verdict) => gateOf(verdict)?.metric ?? "");
  const found = [...new Set(named)].filter((name): name is Effect => Object.hasOwn(effects, name));
  return found.length === 0 ? ["psi"] : found;
}

/** The bound of one effect for each feature: that of a gate on the feature alone, else that of the gate on all. */
export interface Bounds {
  of: (feature: string) => number | null;
  /** Only some features have a gate of their own, and there is none on all. */
  partial: boolean;
}

export function boundsOf(gates: readonly Verdict[], effect: Effect): Bounds {
  const own = new Map<string, number>();
  let all: number | null = null;
  for (const verdict of gates) {
    const gate = gateOf(verdict);
    if (gate?.metric !== effect || verdict.bound === null) continue;
    if (gate.slice === undefined || gate.slice.every) all ??= verdict.bound;
    else if (gate.slice.column === "feature") own.set(gate.slice.value, verdict.bound);
  }
  return { of: (feature) => own.get(feature) ?? all, partial: all === null && own.size > 0 };
}

/** `chance`: beyond the bound, but so it would be by chance too often to say more. */
export type Standing = "drifted" | "chance" | "within" | "unknown";

export function standingOf(feature: FeatureDrift, value: number | null, bound: number | null): Standing {
  if (value === null) return "unknown";
  if (bound === null) return feature.drifted ? "drifted" : "within";
  if (value <= bound) return "within";
  return feature.drifted ? "drifted" : "chance";
}

/** Drifted features first, each group in the order given (worst first). */
export function driftedFirst(features: readonly FeatureDrift[]): FeatureDrift[] {
  return features.toSorted((a, b) => Number(b.drifted) - Number(a.drifted));
}

export interface BinShares {
  label: string;
  /** Of all rows, 0 to 1. */
  reference: number;
  current: number;
}

/** At most `size` bins as shares of rows: those that changed most, in their own order. */
export function tellingBins({ bins }: FeatureDrift, size: number): BinShares[] {
  const total = (side: "reference" | "current") => bins.reduce((sum, bin) => sum + bin[side], 0);
  const [before, now] = [total("reference"), total("current")];
  const share = (rows: number, of: number) => (of > 0 ? rows / of : 0);
  const shares = bins.map(({ label, reference, current }: DriftBin) => ({
    label,
    reference: share(reference, before),
    current: share(current, now),
  }));
  if (shares.length <= size) return shares;
  const change = ({ reference, current }: BinShares) => Math.abs(current - reference);
  const kept = new Set(shares.toSorted((a, b) => change(b) - change(a)).slice(0, size));
  return shares.filter((bin) => kept.has(bin));
}

/** A change of missing rows by less than this share is nothing to call out; the table has it all the same. */
const noticeableShare = 0.01;

/** Features whose rows went missing, or whose categories the reference does not have. */
export function gapsOf(features: readonly FeatureDrift[]): FeatureDrift[] {
  return features.filter(
    ({ missing, unseen }) => unseen.rows > 0 || missing.current - missing.reference >= noticeableShare,
  );
}
