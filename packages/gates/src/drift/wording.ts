import { visible } from "../language/messages.ts";
import type { Comparison, DecisionRule, Gate } from "../types.ts";
import type { Measured } from "./features.ts";

/** One feature as a gate sees it. */
export interface Judged {
  measured: Measured;
  effect: number;
  bound: number;
  /** Adjusted over all features; null where the rule does not ask for it. */
  p: number | null;
  beyond: boolean;
  drifted: boolean;
  /** Upper end and standard error of the effect, where the rule asks for them. */
  high: number | null;
  se: number | null;
}

interface Account {
  gate: Gate;
  rule: DecisionRule;
  judged: readonly Judged[];
  drifted: readonly Judged[];
  /** Those that are not proven to keep the bound. */
  open: readonly Judged[];
  problems: readonly { reason: string }[];
  confidence: number;
}

const asked: Record<Comparison, string> = {
  "<=": "at most",
  "<": "less than",
  ">=": "at least",
  ">": "more than",
};
const shownNames: Readonly<Record<string, string>> = {
  psi: "PSI",
  kl: "KL",
  js: "JS distance",
  chi2: "χ²",
  ks_distance: "KS distance",
  wasserstein: "Wasserstein distance",
  missing_rate: "missing",
};
/** Features named in a reason at most. */
const named = 3;

/** One sentence: how many features drifted, the worst with their figures, and what has no answer. */
export function reasonFor(account: Account): string {
  const parts = [findings(account), ...unanswered(account)].filter((part) => part !== "");
  return `${parts.join("; ")}.`;
}

function findings(account: Account): string {
  const { gate, judged, drifted, open } = account;
  if (judged.length === 0) return "";
  const limit = limitOf(gate);
  if (drifted.length > 0) {
    const list = someOf(drifted, (one) => figures(gate, one));
    return `${drifted.length} of ${counted(judged.length)} drifted: ${list}; ${limit}`;
  }
  if (open.length > 0) {
    const list = someOf(open, (one) => `${figures(gate, one)}, up to ${number(one.high as number)}`);
    return `${open.length} of ${counted(judged.length)} not proven within the bound: ${list}; ${limit}`;
  }
  const worst = judged.toSorted((a, b) => b.effect - b.bound - (a.effect - a.bound))[0] as Judged;
  const largest = `the ${judged.length === 1 ? "effect" : "worst"} is ${figures(gate, worst)}`;
  const beyond = judged.filter((one) => one.beyond).length;
  if (account.rule === "prove")
    return `all of ${counted(judged.length)} proven within the bound; ${largest}; ${limit}`;
  const chance =
    beyond > 0 ? `; beyond it ${beyond === 1 ? "is" : "are"} ${beyond}, which may be chance` : "";
  return `${judged.length === 1 ? "no drift" : `none of ${counted(judged.length)} drifted`}: ${largest}; ${limit}${chance}`;
}

function unanswered({ problems }: Account): string[] {
  const distinct = [...new Set(problems.map(({ reason }) => reason))];
  const more = distinct.length > named ? [`and ${distinct.length - named} more without an answer`] : [];
  return [...distinct.slice(0, named), ...more];
}

function limitOf({ comparison, bound }: Gate): string {
  if (bound.kind === "absolute") return `${asked[comparison]} ${number(bound.value)} was asked for`;
  const factor = bound.factor === 1 ? "" : `${bound.factor} times `;
  const offset =
    bound.offset === 0 ? "" : ` ${bound.offset < 0 ? "less" : "plus"} ${number(Math.abs(bound.offset))}`;
  return `${asked[comparison]} ${factor}the reference's share${offset} was asked for`;
}

function figures({ metric }: Gate, { measured, effect, p }: Judged): string {
  const chance = p === null ? "" : ` (p ${pText(p)})`;
  return `${visible(measured.drift.feature)} ${shownNames[metric]} ${number(effect)}${chance}`;
}

function someOf(judged: readonly Judged[], text: (one: Judged) => string): string {
  const sorted = judged.toSorted((a, b) => b.effect - b.bound - (a.effect - a.bound));
  const more = sorted.length > named ? ` and ${sorted.length - named} more` : "";
  return `${sorted.slice(0, named).map(text).join(", ")}${more}`;
}

function counted(features: number): string {
  return features === 1 ? "1 feature" : `${features} features`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function pText(p: number): string {
  return p < 1e-15 ? "below 1e-15" : String(Number(p.toPrecision(2)));
}
