/** Two models over the rows of one dataset: what each answers, and how fast. */
import { type Log, type Programs, UserError } from "@ml-actions/action-kit/action";
import type { Table } from "@ml-actions/datasets/types";
import type { Release } from "@ml-actions/rollout/target";
import type { Contract } from "@ml-actions/serving/contract";
import type { FeatureBatch, FeatureColumn } from "@ml-actions/serving/feature-batch";
import { loadContract } from "@ml-actions/serving/load-contract";
import { InferencePool } from "@ml-actions/serving/pool";
import { featuresOf } from "./features.ts";

export interface Model {
  release: Release;
  contract: Contract;
}

export interface Answers {
  /** One a row; one a row and class for a multiclass model, row-major. */
  values: Float64Array;
  /** Milliseconds of each single row, when they were asked for. */
  latencyMs?: Float64Array;
}

export interface RunOptions {
  programs: Programs;
  /** Folder of onnxruntime-node. */
  runtime: string;
  /** Measure single rows too. */
  timed: boolean;
  log: Log;
  signal: AbortSignal;
}

/** More than this says little more of a 99th percentile, and costs a slow model minutes. */
const timedRows = 1000;
const warmUpRows = 50;

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

/** Runs the model in a process of its own, so that a graph that never ends can be stopped. */
export async function answersOf(model: Model, table: Table, options: RunOptions): Promise<Answers> {
  const { release, contract } = model;
  const batch = featuresOf(table, contract);
  const pool = await InferencePool.start({
    program: options.programs.inference,
    runtime: options.runtime,
    modelPath: release.model.uri,
    contract,
    digest: release.model.digest,
    timeoutMs: 60_000,
  });
  try {
    options.signal.throwIfAborted();
    const started = performance.now();
    const { values, nanRows } = await pool.predict(batch);
    const seconds = (performance.now() - started) / 1000;
    const nan = nanRows > 0 ? `, ${nanRows} of them not a number` : "";
    options.log.info(`${release.label}: ${batch.rows} rows answered in ${seconds.toFixed(1)} s${nan}`);
    return options.timed ? { values, latencyMs: await timeRows(pool, batch) } : { values };
  } finally {
    await pool.stop();
  }
}

function timeRows(pool: InferencePool, batch: FeatureBatch): Promise<Float64Array> {
  return pool.timeSingleRows(spreadOut(batch, timedRows), { warmUp: warmUpRows });
}

/** So many rows, evenly spread: a file sorted by anything that makes rows slow would mislead at its head. */
function spreadOut(batch: FeatureBatch, count: number): FeatureBatch {
  const rows = Math.min(batch.rows, count);
  const pick = (row: number) => Math.floor((row * batch.rows) / rows);
  const columns = new Map<string, FeatureColumn>();
  for (const [name, column] of batch.columns) {
    if (column instanceof Float64Array)
      columns.set(
        name,
        Float64Array.from({ length: rows }, (_, row) => column[pick(row)] as number),
      );
    else if (column instanceof BigInt64Array)
      columns.set(
        name,
        BigInt64Array.from({ length: rows }, (_, row) => column[pick(row)] as bigint),
      );
    else
      columns.set(
        name,
        Array.from({ length: rows }, (_, row) => column[pick(row)] as string),
      );
  }
  return { rows, columns };
}
