/** Evidence: what a digest was judged to be, in a form that machines and other tools read. */
export { canonicalJson, configurationDigest, type GateConfiguration } from "./configuration.ts";
export { EvidenceError, type EvidenceErrorCode } from "./error.ts";
export {
  formatMetrics,
  type MetricsFile,
  type MetricsInput,
  type MetricsStep,
  metricsFile,
  metricsJsonSchema,
  metricsSchemaId,
  readMetrics,
} from "./metrics-file.ts";
export { type RolloutFacts, type RolloutRecord, rolloutRecord } from "./rollout-record.ts";
export {
  type EvidenceKind,
  figuresField,
  formatStatement,
  type NamedDigest,
  readStatement,
  type TestResultInput,
  type TestResultStatement,
  testResultStatement,
} from "./statement.ts";
