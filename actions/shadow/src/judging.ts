/** The verdicts of a shadow: gates on labels over the labelled answers, gates on answers over all, failures by count. */
import { findMetric, latencyQuantile } from "@ml-actions/gates/catalog";
import { type EvaluateResult, type Evaluation, evaluate } from "@ml-actions/gates/evaluate";
import { judge } from "@ml-actions/gates/judge";
import type { DecisionRule, Gate, Observation, Verdict } from "@ml-actions/gates/types";
import type { Contract } from "@ml-actions/serving/contract";
import { labelsOf } from "../../labels.ts";
import { covered, type Kind } from "./coverage.ts";
import type { Compared, JoinTally } from "./join.ts";
import type { Truth } from "./labels-file.ts";

export interface Seen {
  compared: Compared;
  tally: JoinTally;
  /** null: no labels were given. */
  truth: Truth | null;
  /** Requests and failures of both sides. */
  counts: Observation;
}

interface Evaluated {
  evaluation: Evaluation;
  result: EvaluateResult;
}

export interface Judged {
  verdicts: Verdict[];
  /** Over the labelled answers; null when there are none. */
  labelled: Evaluated | null;
  /** Over all answers, as if there were no label. */
  answers: Evaluated;
  power: string[];
}

export interface Rules {
  rule: DecisionRule;
  /** Of this look. */
  confidence: number;
  /** Of all looks together: what is counted may be looked at as often as one likes. */
  overallConfidence: number;
  minSamples: number;
  minCoverage: number;
}

/** Metrics of the answers themselves, for which no truth is needed. */
const ofAnswers = new Set(["nan_rate", "agreement", "score_drift"]);

/** Which of the three a gate rests on. */
export function kindOf({ metric }: Gate): Kind {
  if (ofAnswers.has(metric) || latencyQuantile(metric) !== undefined) return "answers";
  return findMetric(metric)?.places.includes("offline") ? "labels" : "counts";
}

/** Samples that a gate of this kind rests on. */
export function samplesOf(kind: Kind, { compared, truth, counts }: Seen): number {
  if (kind === "answers") return compared.requests;
  if (kind === "counts") return counts.ok ? counts.candidate.requests : 0;
  return truth === null ? 0 : truth.known.reduce((sum, is) => sum + is, 0);
}

/** One verdict a gate, in the gates' order. */
export function judgeShadow(gates: readonly Gate[], seen: Seen, contract: Contract, rules: Rules): Judged {
  const of = (kind: Kind) => gates.filter((gate) => kindOf(gate) === kind);
  const rows = labelledRows(seen, contract);
  const given = (kind: Kind) => ({ ...rules, confidence: confidenceFor(kind, gates, rules) });
  const over = (kind: Kind, evaluation: Evaluation): Evaluated => ({
    evaluation,
    result: evaluate(of(kind), evaluation, given(kind)),
  });
  const labelled = rows === null ? null : over("labels", rows);
  const answers = over("answers", allRows(seen.compared, contract));
  const found = new Map<Gate, Verdict>();
  const collect = (kind: Kind, verdicts: readonly Verdict[]) =>
    of(kind).forEach((gate, index) => {
      found.set(gate, verdicts[index] as Verdict);
    });
  collect("labels", labelled?.result.verdicts ?? of("labels").map((gate) => noLabels(gate, seen, rules)));
  collect("answers", answers.result.verdicts);
  collect("counts", judge(of("counts"), [seen.counts], given("counts")));
  const coverage = { tally: seen.tally, counts: seen.counts, minimum: rules.minCoverage };
  const verdicts = gates.map((gate) => {
    const kind = kindOf(gate);
    const verdict = covered(found.get(gate) as Verdict, kind, coverage);
    return enough(verdict, samplesOf(kind, seen), rules.minSamples);
  });
  const power = [...(labelled?.result.power ?? []), ...answers.result.power].map(
    ({ gate, text }) => `${gate}: ${text}`,
  );
  return { verdicts, labelled, answers, power };
}

/**
 * The three kinds are judged apart, each with the chance of a wrong fail bounded over its gates. So that the bound
 * holds for all gates together, each kind gets its gates' part of α (Bonferroni over kinds, weighted).
 */
function confidenceFor(kind: Kind, gates: readonly Gate[], rules: Rules): number {
  const confidence = kind === "counts" ? rules.overallConfidence : rules.confidence;
  const deciding = gates.filter((gate) => (gate.rule ?? rules.rule) !== "estimate");
  const own = deciding.filter((gate) => kindOf(gate) === kind);
  return own.length === 0 ? confidence : 1 - ((1 - confidence) * own.length) / deciding.length;
}

function enough(verdict: Verdict, samples: number, minSamples: number): Verdict {
  if (samples >= minSamples || verdict.verdict !== "pass") return verdict;
  const [have, need] = [samples, minSamples].map((count) => count.toLocaleString("en-US"));
  return {
    ...verdict,
    verdict: "inconclusive",
    reason: `${verdict.reason} But only ${have} of the ${need} samples asked for were seen.`,
    settle: `need ${need} samples, have ${have}`,
  };
}

function noLabels(gate: Gate, { truth }: Seen, { rule }: Rules): Verdict {
  const { metric } = gate;
  return {
    gate: gate.text,
    metric,
    verdict: "inconclusive",
    rule: gate.rule ?? rule,
    observed: null,
    baseline: null,
    bound: null,
    interval: null,
    n: 0,
    reason:
      truth === null
        ? `${metric} needs labels, and there is no file of labels.`
        : `No compared request has a known label, and ${metric} needs them.`,
    settle:
      truth === null
        ? "give the labels of these requests in the input `labels`, or gate on what needs none: `agreement`, `score_drift`, `latency.pNN`, `error_rate`, `nan_rate`"
        : "bring the labels of these requests to the file of the input `labels`, by their request id",
  };
}

/** The instances whose truth is known; null when there is none. */
function labelledRows({ compared, truth }: Seen, contract: Contract): Evaluation | null {
  if (truth === null) return null;
  const known = Uint32Array.from(rowsWhere(truth.known));
  if (known.length === 0) return null;
  const labels = labelsOf(truth.column, {
    task: contract.task,
    positive: contract.label?.positive?.toString(),
    classes: contract.output.classes,
    growing: true,
  });
  return {
    ...taskOf(contract),
    labels: picked(labels, known, 1),
    candidate: picked(compared.scores.candidate, known, widthOf(contract)),
    baseline: picked(compared.scores.stable, known, widthOf(contract)),
  };
}

function* rowsWhere(flags: Uint8Array): Generator<number> {
  for (let row = 0; row < flags.length; row += 1) if (flags[row] === 1) yield row;
}

function picked(values: Float64Array, rows: Uint32Array, width: number): Float64Array {
  const found = new Float64Array(rows.length * width);
  rows.forEach((row, at) => {
    found.set(values.subarray(row * width, (row + 1) * width), at * width);
  });
  return found;
}

function allRows({ rows, scores, ms }: Compared, contract: Contract): Evaluation {
  return {
    ...taskOf(contract),
    labels: new Float64Array(rows).fill(Number.NaN),
    candidate: scores.candidate,
    baseline: scores.stable,
    latencyMs: { candidate: ms.candidate, baseline: ms.stable },
  };
}

export const widthOf = ({ task, output }: Contract): number =>
  task === "multiclass" ? (output.classes?.length ?? 1) : 1;

function taskOf({ task, output, threshold }: Contract) {
  const { classes } = output;
  return { task, ...(classes === undefined ? {} : { classes }), threshold: threshold ?? 0.5 };
}
