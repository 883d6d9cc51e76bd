/** Models over the rows of a dataset, batch by batch: what each answers, and how fast. */
import { availableParallelism } from "node:os";
import { type Log, type Programs, UserError } from "@ml-actions/action-kit/action";
import type { Table } from "@ml-actions/datasets/types";
import type { Numbers } from "@ml-actions/gates/metrics/numbers";
import type { Release } from "@ml-actions/rollout/target";
import type { Contract } from "@ml-actions/serving/contract";
import { loadContract } from "@ml-actions/serving/load-contract";
import { InferencePool } from "@ml-actions/serving/pool";
import { CompactNumbers } from "./compact-numbers.ts";
import type { Features } from "./features.ts";
import { SpreadSample } from "./sample.ts";

export interface Model {
  release: Release;
  contract: Contract;
}

export interface Answers {
  /** One a row; one a row and class for a multiclass model, row-major. */
  values: Numbers;
  /** Milliseconds of each single row, when they were asked for. */
  latencyMs?: Float64Array;
}

export interface RunOptions {
  programs: Programs;
  /** Folder of onnxruntime-node. */
  runtime: string;
  /** Processes that answer, each with one thread. */
  processes: number;
  /** Measure single rows too. */
  timed: boolean;
  log: Log;
}

/** More than this says little more of a 99th percentile, and costs a slow model minutes. */
const timedRows = 1000;
const warmUpRows = 50;
/** Batches that a model may be behind the reading: two keep its processes busy, more would only fill the memory. */
const batchesAhead = 2;
/** More processes than this find the reading of the dataset in their way. */
const mostProcesses = 8;

export async function modelOf(release: Release): Promise<Model> {
  return { release, contract: await loadContract(release.model.contract) };
}

/** @throws UserError when candidate and baseline are one and the same release: such a comparison passes whatever it is */
export function refuseSame(candidate: Model, baseline: Model): void {
  if (candidate.release.model.digest !== baseline.release.model.digest) return;
  throw new UserError(
    `The candidate and the baseline are the same model: both are ${candidate.release.model.digest}.`,
    { remedy: "Give the release that serves now as `baseline`: a model compared with itself always passes." },
  );
}

/** Processes for each of so many models that answer at the same time: a core each, and one where all is small. */
export function processesFor(models: number, small: boolean): number {
  return small ? 1 : Math.max(1, Math.min(mostProcesses, Math.floor(availableParallelism() / models)));
}

/** A model that answers rows in processes of its own, so that a graph that never ends can be stopped. */
export class ModelRun {
  readonly #label: string;
  readonly #features: Features;
  readonly #pool: InferencePool;
  readonly #log: Log;
  readonly #values = new CompactNumbers();
  readonly #sample: SpreadSample | null;
  readonly #startedMs = performance.now();
  /** The batches that are being answered, in order; each settles after the one before. */
  #pending: Promise<void>[] = [];
  #last: Promise<void> = Promise.resolve();
  #rows = 0;
  #nanRows = 0;

  private constructor(label: string, features: Features, pool: InferencePool, options: RunOptions) {
    this.#label = label;
    this.#features = features;
    this.#pool = pool;
    this.#log = options.log;
    this.#sample = options.timed ? new SpreadSample(timedRows) : null;
  }

  static async start(
    { release, contract }: Model,
    features: Features,
    options: RunOptions,
  ): Promise<ModelRun> {
    const pool = await InferencePool.start({
      program: options.programs.inference,
      runtime: options.runtime,
      modelPath: release.model.uri,
      contract,
      digest: release.model.digest,
      processes: options.processes,
      timeoutMs: 60_000,
    });
    return new ModelRun(release.label, features, pool, options);
  }

  /** Takes the next rows; resolves when there is room for more. Rejects with what an earlier batch failed of. */
  async append(table: Table): Promise<void> {
    const batch = this.#features.of(table);
    if (batch === null || batch.rows === 0) return;
    this.#sample?.append(batch);
    if (this.#pending.length === batchesAhead) await this.#pending.shift();
    const prediction = this.#pool.predict(batch);
    const answered = Promise.all([prediction, this.#last]).then(([{ rows, values, nanRows }]) => {
      this.#values.append(values);
      this.#rows += rows;
      this.#nanRows += nanRows;
    });
    // Its failure is met where it is awaited: here, or at the end.
    answered.catch(() => {});
    this.#last = answered;
    this.#pending.push(answered);
  }

  /** @throws UserError when the dataset did not fit the contract; what a batch failed of */
  async finish(): Promise<void> {
    this.#features.throwIfAny();
    await Promise.all(this.#pending);
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const nan = this.#nanRows > 0 ? `, ${this.#nanRows} of them not a number` : "";
    this.#log.info(`${this.#label}: ${this.#rows} rows answered in ${seconds.toFixed(1)} s${nan}`);
  }

  /** To be asked for once, when all rows are answered and nothing else runs: it may take times. Stops the model. */
  async answers(): Promise<Answers> {
    const rows = this.#sample?.take();
    const latencyMs = rows && (await this.#pool.timeSingleRows(rows, { warmUp: warmUpRows }));
    // Before the scores are put together: its processes hold as much memory.
    await this.stop();
    const values = this.#values.take();
    return latencyMs === undefined ? { values } : { values, latencyMs };
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }
}
