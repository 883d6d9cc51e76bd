/** Asks one gate as `evaluate` does, without the readings of every other metric; and how shares are written. */
import type { Evaluation } from "@ml-actions/gates/evaluate";
import { questionsOf } from "@ml-actions/gates/evaluate/slices";
import { answer } from "@ml-actions/gates/evaluate/verdicts";
import { parseGate } from "@ml-actions/gates/language";
import type { Verdict } from "@ml-actions/gates/types";

/** By `prove` where the gate names no rule. */
const options = { rule: "prove", confidence: 0.95, seed: 0 } as const;

export function ask(gate: string, evaluation: Evaluation): Verdict {
  return askAll(gate, evaluation)[0] as Verdict;
}

export function askAll(gate: string, evaluation: Evaluation): Verdict[] {
  const questions = questionsOf([parseGate(gate)], evaluation);
  return answer(questions, evaluation, options).map(({ verdict }) => verdict);
}

export function percent(share: number): string {
  // Sums of 1/runs may miss 0 and 1 by rounding.
  const value = Math.abs(100 * share);
  return `${value > 0.05 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)} %`;
}
