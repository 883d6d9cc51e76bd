/** What people read: job summaries, log lines and HTML pages, as pure functions from plain data to strings. */

export type { ClusterFacts, WaveResource, WavesReportInput } from "./cluster-inputs.ts";
export type { PlotRows } from "./data/rows.ts";
export { driftPage } from "./html/drift-page.ts";
export { evaluationPage } from "./html/evaluation-page.ts";
export { rollbackPage } from "./html/rollback-page.ts";
export { rolloutPage } from "./html/rollout-page.ts";
export { shadowPage } from "./html/shadow-page.ts";
export type {
  ContractVersion,
  Decision,
  DriftData,
  DriftReportInput,
  EstimatedMetric,
  EvaluationReportInput,
  GateWealth,
  LatencyQuantiles,
  ModelMetrics,
  NamedRelease,
  RollbackReportInput,
  RolloutObservation,
  RolloutReportInput,
  RolloutStep,
  RunFacts,
  ShadowCoverage,
  ShadowReportInput,
  SideObservation,
  Sides,
} from "./inputs.ts";
export { type Progress, progressLegend, progressLine } from "./progress.ts";
export { driftStory } from "./story/drift.ts";
export { deploySummary } from "./summary/deploy.ts";
export { driftSummary } from "./summary/drift.ts";
export { evalGateSummary } from "./summary/eval-gate.ts";
export { type GitopsReportInput, gitopsBody, gitopsSummary } from "./summary/gitops.ts";
export { rollbackSummary } from "./summary/rollback.ts";
export { shadowSummary } from "./summary/shadow.ts";
export { settleLines, verdictTable } from "./summary/verdict-table.ts";
export { wavesSummary } from "./summary/waves.ts";
