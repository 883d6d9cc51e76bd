/** The models of `test-models/` for this package's tests, and where the programs and onnxruntime are in the checkout. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Contract } from "../contract.ts";
import { type FeatureBatch, featureBatchFromInstances } from "../feature-batch.ts";
import type { Instance } from "../instances.ts";
import { contractBeside, loadContract } from "../load-contract.ts";
import { InferencePool, type PoolOptions } from "../pool.ts";

const home = join(import.meta.dirname, "..", "..");
export const inferenceProgram = join(home, "src", "programs", "inference.ts");
export const serverProgram = join(home, "src", "programs", "server.ts");
export const onnxruntime = dirname(createRequire(inferenceProgram).resolve("onnxruntime-node/package.json"));

export type TestModel = "moody" | "mixed" | "classes" | "external";

export function modelPath(model: TestModel): string {
  return join(home, "test-models", `${model}.onnx`);
}

export function testContract(model: TestModel): Promise<Contract> {
  return loadContract(contractBeside(modelPath(model)));
}

export async function startPool(
  model: TestModel,
  options: Partial<PoolOptions> = {},
): Promise<{ pool: InferencePool; batch: (...instances: Instance[]) => FeatureBatch }> {
  const contract = await testContract(model);
  const pool = await InferencePool.start({
    program: inferenceProgram,
    runtime: onnxruntime,
    modelPath: modelPath(model),
    contract,
    ...options,
  });
  return { pool, batch: (...instances) => featureBatchFromInstances(contract, instances) };
}
