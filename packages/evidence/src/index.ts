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
export {
  buildTypes,
  formatProvenance,
  type Provenance,
  type ProvenanceInput,
  type ProvenanceStatement,
  parseProvenance,
  provenanceStatement,
  type Resource,
  readProvenance,
} from "./provenance.ts";
export { type RolloutFacts, type RolloutRecord, rolloutRecord } from "./rollout-record.ts";
export {
  formatSbom,
  type Package,
  readBundleBom,
  type SbomInput,
  type SbomStatement,
  sbom,
  sbomStatement,
} from "./sbom.ts";
export type { Bom, BundleBom } from "./sbom-format.ts";
export { type CardInput, cardOf } from "./sbom-model-card.ts";
export {
  type EvidenceKind,
  figuresField,
  formatStatement,
  gateConfigurationOf,
  type NamedDigest,
  readStatement,
  type TestResultInput,
  type TestResultStatement,
  testResultStatement,
} from "./statement.ts";
export {
  formatVulnerabilities,
  readVulnerabilities,
  type ScannedPlatform,
  type Vulnerabilities,
  type VulnerabilitiesInput,
  type VulnerabilitiesStatement,
  vulnerabilitiesStatement,
} from "./vulnerabilities.ts";
export {
  type AcceptedRisk,
  type Finding,
  type ScanPolicy,
  type Severity,
  severities,
} from "./vulnerabilities-policy.ts";
