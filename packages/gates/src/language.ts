/** The gate language: one line `<metric>[{column=value}] <op> <bound> [rule]` read into a `Gate`. */
export { parseGates } from "./language/list.ts";
export { type GateProblem, GateSyntaxError, visible } from "./language/messages.ts";
export { formatGate, parseGate } from "./language/parse.ts";
export { formatMetric } from "./language/slice.ts";
