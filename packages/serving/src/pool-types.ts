/** What the pool is given, and what it answers. */
import type { Contract } from "./contract.ts";

export interface PoolOptions {
  /** Path of the inference program. */
  program: string;
  /** Folder of onnxruntime-node, from `findRuntime`. */
  runtime: string;
  modelPath: string;
  contract: Contract;
  /** `sha256:<hex>` the model must have. */
  digest?: string;
  processes?: number;
  /** For one message: a single request, or the requests of a tick together. */
  timeoutMs?: number;
  /** For loading the model, at the start and at every replacement. */
  startTimeoutMs?: number;
  /** Requests that may wait; one more is refused with code `overloaded`. */
  maxQueued?: number;
  /** Told why, whenever a process has ended or could not be replaced. */
  onRestart?: (why: Error) => void;
}

export interface Prediction {
  rows: number;
  /** 1, or the number of classes. */
  width: number;
  /** Row-major [rows, width]. */
  values: Float64Array;
  /** Rows with an answer that is NaN or infinite. */
  nanRows: number;
  /** Milliseconds inside session.run, summed over the messages that the rows travelled in. */
  inferenceMs: number;
}

export interface PoolHealth {
  processes: number;
  /** Loaded, and the probe answered. */
  alive: number;
  queued: number;
  /** Replaced since the start. */
  restarts: number;
  /** Why there is no process and none can be started; null while there is hope. */
  refusal: string | null;
  /** When the last rows were answered, ms since 1970. */
  lastAnswerAt: number;
}
