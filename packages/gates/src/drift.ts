/** Whether data has drifted: tables reduced to profiles that merge, compared feature by feature, judged by gates. */
export { assertDriftGates, compareDrift, type DriftOptions } from "./drift/compare.ts";
export { type Estimate, estimatePerformance, type Predictions } from "./drift/estimated-performance.ts";
export { mergeProfiles } from "./drift/merge.ts";
export {
  type CategoricalProfile,
  type ColumnProfile,
  type NumericProfile,
  type Profile,
  ProfileBuilder,
} from "./drift/profile.ts";
export { formatProfile, profileSchema } from "./drift/profile-format.ts";
export { parseProfile } from "./drift/profile-parse.ts";
export { type EstimatedMetric, estimatedMetrics } from "./drift/score-groups.ts";
export type * from "./drift/types.ts";
