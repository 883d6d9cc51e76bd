/** One model, its contract and its processes: a parsed body in, an answer out. */
import type { Contract } from "../contract.ts";
import { featureBatchFromInstances, int64Features } from "../feature-batch.ts";
import { type Instance, type InstanceSchema, instanceSchema, parseInstances } from "../instances.ts";
import type { InferencePool, Prediction } from "../pool.ts";
import type { Metrics } from "./metrics.ts";
import { inputHash, type PredictionSink } from "./prediction-log.ts";

export interface ServiceParts {
  contract: Contract;
  pool: InferencePool;
  metrics: Metrics;
  log: PredictionSink | null;
  maxInstances: number;
}

type Output = number | number[] | null;

export class PredictionService {
  readonly contract: Contract;
  readonly pool: InferencePool;
  readonly log: PredictionSink | null;
  /** Whether a caller may send integers that a double cannot carry. */
  readonly exactIntegers: boolean;
  readonly #metrics: Metrics;
  readonly #schema: InstanceSchema;
  readonly #maxInstances: number;
  readonly #sortedFeatures: string[];

  constructor({ contract, pool, metrics, log, maxInstances }: ServiceParts) {
    this.contract = contract;
    this.pool = pool;
    this.log = log;
    this.exactIntegers = int64Features(contract).size > 0;
    this.#metrics = metrics;
    this.#schema = instanceSchema(contract);
    this.#maxInstances = maxInstances;
    this.#sortedFeatures = contract.features.map((feature) => feature.name).sort();
  }

  /** Who answers: in every response, so that a caller can tell releases apart. */
  get model(): { name: string; version: string; digest: string } {
    return { name: this.contract.model, version: this.contract.version, digest: this.pool.digest };
  }

  /** Answers a parsed body. `began` is `performance.now()` at the request's arrival. Rejects with `ServingError`. */
  async answer(
    body: unknown,
    requestId: string,
    began: number,
  ): Promise<{ json: string; rows: number; nanRows: number }> {
    const { contract } = this;
    const instances = parseInstances(body, { contract, schema: this.#schema, maximum: this.#maxInstances });
    const prediction = await this.pool.predict(featureBatchFromInstances(contract, instances));
    const { rows, nanRows, inferenceMs } = prediction;
    this.#metrics.predicted(rows, nanRows, inferenceMs);
    const outputs = rowsOf(prediction);
    this.#score(outputs);
    this.#record(instances, outputs, requestId, began);
    const json = JSON.stringify({
      predictions: this.#named(outputs),
      model: this.model,
      request_id: requestId,
    });
    return { json, rows, nanRows };
  }

  #score(outputs: Output[]): void {
    const drawn = outputs[Math.floor(Math.random() * outputs.length)] ?? null;
    if (drawn !== null) this.#metrics.scored(Array.isArray(drawn) ? Math.max(...drawn) : drawn);
  }

  #named(outputs: Output[]): unknown[] {
    const { classes } = this.contract.output;
    if (classes === undefined) return outputs;
    return outputs.map((output) =>
      Array.isArray(output)
        ? Object.fromEntries(classes.map((name, index) => [name, output[index]]))
        : output,
    );
  }

  #record(instances: Instance[], outputs: Output[], requestId: string, began: number): void {
    this.log?.append({
      at: Date.now(),
      request_id: requestId,
      model: this.pool.digest,
      input: inputHash(this.#sortedFeatures, instances),
      outputs,
      ms: Math.round((performance.now() - began) * 1000) / 1000,
    });
  }
}

/** One entry a row; null where any of its numbers is NaN or infinite, which JSON cannot say. */
function rowsOf({ rows, width, values }: Prediction): Output[] {
  return Array.from({ length: rows }, (_, row) => {
    const numbers = values.subarray(row * width, (row + 1) * width);
    if (!numbers.every(Number.isFinite)) return null;
    return width === 1 ? (numbers[0] as number) : [...numbers];
  });
}
