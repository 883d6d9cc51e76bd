/** What the pool and an inference process say to each other, over the process's IPC channel. */
import type { GraphInput } from "./contract.ts";
import type { TensorData } from "./tensors.ts";

/** The first message to a process. */
export interface LoadMessage {
  type: "load";
  /** Folder of the package onnxruntime-node. */
  runtime: string;
  modelPath: string;
  /** `sha256:<hex>` the file must have; null takes it as it is. */
  digest: string | null;
  inputs: GraphInput[];
  output: { name: string; column: number | null };
}

/** Rows to answer: one tensor per input, in the order of `LoadMessage.inputs`. */
export interface RunMessage {
  type: "run";
  rows: number;
  tensors: TensorData[];
}

/** One input or output of the graph as onnxruntime describes it; a dimension that varies is its name or "". */
export interface GraphValue {
  name: string;
  /** null: not a tensor (a sequence or a map). */
  datatype: string | null;
  shape: (number | string)[];
}

export interface LoadedMessage {
  type: "loaded";
  digest: string;
  inputs: GraphValue[];
  outputs: GraphValue[];
}

/** The process could not load; it ends by itself after this. */
export interface RefusedMessage {
  type: "refused";
  stage: "runtime" | "file" | "digest" | "external-data" | "model";
  message: string;
}

export interface DoneMessage {
  type: "done";
  /** Row-major [rows, width]. */
  values: Float64Array;
  width: number;
  /** Milliseconds around session.run alone. */
  ms: number;
}

/** onnxruntime refused the rows; the process goes on. */
export interface FailedMessage {
  type: "failed";
  message: string;
}

export type ToProcess = LoadMessage | RunMessage;
export type FromProcess = LoadedMessage | RefusedMessage | DoneMessage | FailedMessage;
