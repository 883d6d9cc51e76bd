/** The verdicts of a shadow: gates on labels over the labelled answers, gates on answers over all, failures by count. */
import { findMetric, latencyQuantile } from "@ml-actions/gates/catalog";
import { type EvaluateResult, type Evaluation, evaluate } from "@ml-actions/gates/evaluate";
import { judge } from "@ml-actions/gates/judge";
import type { DecisionRule, Gate, Observation, Verdict } from "@ml-actions/gates/types";
import type { Contract } from "@ml-actions/serving/contract";
import { labelsOf } from "../../labels.ts";
import { type Labels, labelKey } from "./labels-file.ts";
import type { Pair } from "./pairs.ts";

export interface Seen {
  pairs: readonly Pair[];
  labels: Labels | null;
  /** Requests and failures of both sides. */
  counts: Observation;
}

export interface Judged {
  verdicts: Verdict[];
  /** Over the labelled answers; null when there are none. */
  labelled: { evaluation: Evaluation; result: EvaluateResult } | null;
  power: string[];
}

export interface Rules {
  rule: DecisionRule;
  confidence: number;
  minSamples: number;
}

type Kind = "labels" | "answers" | "counts";

/** Which of the three a gate rests on. */
export function kindOf({ metric }: Gate): Kind {
  if (metric === "nan_rate" || latencyQuantile(metric) !== undefined) return "answers";
  return findMetric(metric)?.places.includes("offline") ? "labels" : "counts";
}

/** One verdict a gate and slice, in the gates' order. */
export function judgeShadow(gates: readonly Gate[], seen: Seen, contract: Contract, rules: Rules): Judged {
  const of = (kind: Kind) => gates.filter((gate) => kindOf(gate) === kind);
  const rows = labelledRows(seen, contract);
  const labelled = rows === null ? null : { evaluation: rows, result: evaluate(of("labels"), rows, rules) };
  const answers = evaluate(of("answers"), allRows(seen.pairs, contract), rules);
  const found = new Map<Gate, Verdict[]>();
  collect(
    found,
    of("labels"),
    labelled?.result.verdicts ?? of("labels").map((gate) => noLabels(gate, rules)),
  );
  collect(found, of("answers"), answers.verdicts);
  collect(found, of("counts"), judge(of("counts"), [seen.counts], rules));
  const labelledCount = rows?.labels.length ?? 0;
  const verdicts = gates.flatMap((gate) => {
    const samples = kindOf(gate) === "labels" ? labelledCount : seen.pairs.length;
    return (found.get(gate) ?? []).map((verdict) => enough(verdict, samples, rules.minSamples));
  });
  const power = [...(labelled?.result.power ?? []), ...answers.power].map(
    ({ gate, text }) => `${gate}: ${text}`,
  );
  return { verdicts, labelled, power };
}

/** A gate over all values of a slice has several verdicts, which follow each other. */
function collect(found: Map<Gate, Verdict[]>, gates: readonly Gate[], verdicts: readonly Verdict[]): void {
  let next = 0;
  for (const [index, gate] of gates.entries()) {
    const rest = gates.length - index - 1;
    const count = gate.slice?.every === true ? verdicts.length - next - rest : 1;
    found.set(gate, verdicts.slice(next, next + count));
    next += count;
  }
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

function noLabels(gate: Gate, { rule }: Rules): Verdict {
  return {
    gate: gate.text,
    metric: gate.metric,
    verdict: "inconclusive",
    rule: gate.rule ?? rule,
    observed: null,
    baseline: null,
    bound: null,
    interval: null,
    n: 0,
    reason: `No compared request has a known label, and ${gate.metric} needs them.`,
    settle: "give the labels of these requests in the input `labels`",
  };
}

interface Row {
  stable: number | number[] | null;
  candidate: number | number[] | null;
  label: number;
}

/** The instances whose truth is known; null when there is none. */
function labelledRows({ pairs, labels }: Seen, contract: Contract): Evaluation | null {
  if (labels === null) return null;
  const truth = labelsOf(labels.column, {
    task: contract.task,
    positive: contract.label?.positive?.toString(),
    classes: contract.output.classes,
  });
  const rows: Row[] = [];
  for (const { id, stable, candidate } of pairs) {
    for (const [instance, answer] of stable.outputs.entries()) {
      const row = labels.rows.get(labelKey(id, instance));
      const label = row === undefined ? Number.NaN : (truth[row] as number);
      if (!Number.isNaN(label))
        rows.push({ stable: answer, candidate: candidate.outputs[instance] ?? null, label });
    }
  }
  return rows.length === 0 ? null : evaluationOf(rows, contract);
}

function allRows(pairs: readonly Pair[], contract: Contract): Evaluation {
  const rows = pairs.flatMap(({ stable, candidate }) =>
    stable.outputs.map((answer, instance) => ({
      stable: answer,
      candidate: candidate.outputs[instance] ?? null,
      label: Number.NaN,
    })),
  );
  const latencyMs = {
    candidate: Float64Array.from(pairs, ({ candidate }) => candidate.ms),
    baseline: Float64Array.from(pairs, ({ stable }) => stable.ms),
  };
  return { ...evaluationOf(rows, contract), latencyMs };
}

function evaluationOf(rows: readonly Row[], contract: Contract): Evaluation {
  const classes = contract.output.classes;
  const width = contract.task === "multiclass" ? (classes?.length ?? 1) : 1;
  const scores = (side: "stable" | "candidate") => {
    const values = new Float64Array(rows.length * width).fill(Number.NaN);
    for (const [index, row] of rows.entries()) {
      const answer = row[side];
      // An answer that was not a number came as null and stays NaN, so that the verdict names it.
      if (answer !== null) values.set(typeof answer === "number" ? [answer] : answer, index * width);
    }
    return values;
  };
  return {
    task: contract.task,
    ...(classes === undefined ? {} : { classes }),
    labels: Float64Array.from(rows, ({ label }) => label),
    candidate: scores("candidate"),
    baseline: scores("stable"),
    threshold: contract.threshold ?? 0.5,
  };
}
