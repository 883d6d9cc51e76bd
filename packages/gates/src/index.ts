/** The gate language, metrics, statistics and verdicts; pure. */
export { assertGatesApply, catalog, findMetric, type Metric, namesFor } from "./catalog.ts";
export { GatesError } from "./error.ts";
export {
  type EvaluateOptions,
  type EvaluateResult,
  type Evaluation,
  evaluate,
  type PowerLine,
} from "./evaluate.ts";
export { type JudgeOptions, judge, type OnlineVerdict } from "./judge.ts";
export { formatGate, GateSyntaxError, parseGate, parseGates } from "./language.ts";
export { overall } from "./overall.ts";
export type * from "./types.ts";
