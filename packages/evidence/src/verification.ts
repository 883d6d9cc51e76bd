/** Whether an image carries the evidence that a policy asks for. */
export { readPolicy } from "./verification/policy-file.ts";
export { type PolicyInputs, policyFromInputs } from "./verification/policy-inputs.ts";
export { spanText } from "./verification/span.ts";
export {
  formatSummary,
  type SummaryFacts,
  type SummaryStatement,
  summaryStatement,
} from "./verification/summary.ts";
export { type RootChoice, trustPolicy } from "./verification/trust-policy.ts";
export type {
  EvidenceCheck,
  EvidencePolicy,
  Expectations,
  PolicyDocument,
  Requirement,
  RequirementRule,
  SignerRule,
  Verification,
} from "./verification/types.ts";
export { type VerifyRequest, verifyImage } from "./verification/verify-image.ts";
