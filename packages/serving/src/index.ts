export { type Compatibility, ContractBreak, compatible } from "./compatible.ts";
export { type Contract, contractSchema, contractSchemaId, type Feature } from "./contract.ts";
export { ServingError, type ServingErrorCode } from "./errors.ts";
export {
  type FeatureBatch,
  type FeatureColumn,
  featureBatchFromInstances,
  sliceBatch,
} from "./feature-batch.ts";
export { type Instance, instanceSchema, parseInstances } from "./instances.ts";
export { contractBeside, loadContract } from "./load-contract.ts";
export { InferencePool, type PoolHealth, type PoolOptions, type Prediction } from "./pool.ts";
export { type ResolvedModel, type ResolveOptions, resolveModel } from "./resolve-model.ts";
export { findRuntime, type RuntimeOptions } from "./runtime.ts";
