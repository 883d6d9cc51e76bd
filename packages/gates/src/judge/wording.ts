import { latencyQuantile } from "../catalog.ts";
import type { DecisionRule, Gate, VerdictName } from "../types.ts";
import type { Levels } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { forecast } from "./forecast.ts";

/** One sentence: what was seen against what is allowed. */
export function reasonFor(
  gate: Gate,
  rule: DecisionRule,
  verdict: VerdictName,
  finding: Finding,
  levels: Levels,
): string {
  const { gap, observed, bound, candidateRequests } = finding;
  if (verdict === "inconclusive" && gap !== null) {
    const since = gap.forMs > 0 ? ` for ${duration(gap.forMs)}` : "";
    const before = candidateRequests > 0 ? `; before that ${seen(gate, finding)}` : "";
    return `${gate.metric} cannot be read${since} (${gap.reason})${before}`;
  }
  if (observed === null) {
    return `no request with a known ${gate.metric} has reached the candidate yet`;
  }
  if (bound === null) {
    return `${seen(gate, finding)}, but stable has had no request to compare with`;
  }
  return `${seen(gate, finding)}${judgement(gate, rule, verdict, finding, levels)}`;
}

function judgement(
  gate: Gate,
  rule: DecisionRule,
  verdict: VerdictName,
  finding: Finding,
  levels: Levels,
): string {
  const limit = limitText(gate, finding);
  if (verdict === "inconclusive") {
    return `: neither shown to be within ${limit} nor beyond it`;
  }
  if (rule === "estimate") {
    return verdict === "pass" ? ` is within ${limit}` : ` is beyond ${limit}`;
  }
  const percent = (level: number) => `${Number((100 * (1 - level)).toPrecision(4))} %`;
  if (verdict === "fail") {
    return `: shown to be beyond ${limit} at ${percent(levels.fail)} confidence`;
  }
  return rule === "prove"
    ? `: shown to be within ${limit} at ${percent(levels.pass)} confidence`
    : `: not shown to be beyond ${limit}`;
}

/** What would settle an inconclusive verdict; null when there is a gap, which only an answer can end. */
export function settleFor(finding: Finding): string | null {
  if (finding.dead !== null) {
    return `${finding.dead.why}. ${finding.dead.remedy}`;
  }
  if (finding.gap !== null || finding.observed === null) {
    return null;
  }
  if (finding.evidence.trace.length === 0) {
    return finding.obstacle ?? "more requests on both sides";
  }
  const next = forecast(finding.evidence, finding.candidateRequests);
  const obstacle = finding.obstacle === null ? "" : ` (${finding.obstacle})`;
  if (next === null) {
    return finding.evidence.tilts === null
      ? "stable has no traffic any more, so nothing further can show it"
      : `at the rates so far no number of requests would show it${obstacle}`;
  }
  const way = next.verdict === "pass" ? "within" : "beyond";
  return `about ${grouped(next.requests)} more candidate requests at the present rates would show it to be ${way} the bound${obstacle}`;
}

function seen(gate: Gate, { observed, counted }: Finding): string {
  return `${gate.metric} ${observed === null ? "unknown" : number(gate, observed)} (${counted})`;
}

function limitText(gate: Gate, { bound, baseline }: Finding): string {
  const text = bound === null ? "the bound" : number(gate, bound);
  return gate.bound.kind === "baseline" && baseline !== null
    ? `${text} (stable has ${number(gate, baseline)})`
    : text;
}

function number(gate: Gate, value: number): string {
  const text = String(Number(value.toPrecision(3)));
  return latencyQuantile(gate.metric) === undefined ? text : `${text} ms`;
}

function duration(ms: number): string {
  return ms < 60_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 6_000) / 10} min`;
}

const english = new Intl.NumberFormat("en-US");

function grouped(value: number): string {
  return english.format(value);
}
