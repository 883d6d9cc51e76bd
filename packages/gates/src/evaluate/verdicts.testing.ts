import { type EvaluateOptions, type Evaluation, evaluate } from "../evaluate.ts";
import { parseGates } from "../language.ts";
import type { Verdict } from "../types.ts";

export const usual: EvaluateOptions = { rule: "refute", confidence: 0.95 };

export function verdicts(gates: string, evaluation: Evaluation, options: EvaluateOptions = usual): Verdict[] {
  return evaluate(parseGates(gates), evaluation, options).verdicts;
}

export function verdictOf(gate: string, evaluation: Evaluation, options?: EvaluateOptions): Verdict {
  return verdicts(gate, evaluation, options)[0] as Verdict;
}

/** The values with the first `rows` replaced. */
export function spoilt(values: Float64Array, value: number, rows: number): Float64Array {
  return values.map((own, row) => (row < rows ? value : own));
}
