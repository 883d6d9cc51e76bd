/** Rows for a model, column by column: what callers' instances and a dataset's columns become before they are tensors. */
import { type CodedTexts, isCoded } from "./coded-texts.ts";
import type { Contract, Feature } from "./contract.ts";
import { quote, ServingError } from "./errors.ts";
import type { Instance, Value } from "./instances.ts";
import { didYouMean } from "./suggest.ts";

/** Numbers, integers and booleans (0, 1) are a Float64Array with NaN for missing; integers that a double may not carry
 * are a BigInt64Array; strings are a list with "" for missing, or codes into a dictionary. */
export type FeatureColumn = Float64Array | BigInt64Array | readonly string[] | CodedTexts;

export interface FeatureBatch {
  rows: number;
  /** Feature name → one value a row. */
  columns: Map<string, FeatureColumn>;
  /** Rows before the first of these, when they are a part of more: messages count rows from there. */
  rowsBefore?: number;
}

/** Instances that `parseInstances` has checked → columns. */
export function featureBatchFromInstances(contract: Contract, instances: readonly Instance[]): FeatureBatch {
  const wide = int64Features(contract);
  const columns = new Map<string, FeatureColumn>();
  for (const { name, type } of contract.features) {
    if (type === "string")
      columns.set(
        name,
        instances.map((instance) => (instance[name] ?? "") as string),
      );
    else if (wide.has(name)) columns.set(name, integers(instances, name));
    else columns.set(name, numbers(instances, name));
  }
  return { rows: instances.length, columns };
}

/** The features that an int64 input carries: they may hold integers beyond 2⁵³. */
export function int64Features(contract: Contract): Set<string> {
  const int64 = contract.inputs.filter((input) => input.datatype === "int64");
  return new Set(int64.flatMap((input) => input.features));
}

function numbers(instances: readonly Instance[], name: string): Float64Array {
  const column = new Float64Array(instances.length);
  for (let row = 0; row < column.length; row++) {
    const value: Value = instances[row]?.[name];
    column[row] = value === null || value === undefined ? Number.NaN : Number(value);
  }
  return column;
}

function integers(instances: readonly Instance[], name: string): BigInt64Array {
  const column = new BigInt64Array(instances.length);
  // An optional feature cannot reach an int64 input (the contract's rules), so every value is there.
  for (let row = 0; row < column.length; row++)
    column[row] = BigInt(instances[row]?.[name] as number | bigint);
  return column;
}

/** Rows `from` up to, not including, `to`; typed columns share memory with the batch. */
export function sliceBatch(batch: FeatureBatch, from: number, to: number): FeatureBatch {
  const columns = new Map<string, FeatureColumn>();
  for (const [name, column] of batch.columns) columns.set(name, sliceColumn(column, from, to));
  const rows = Math.min(to, batch.rows) - from;
  return { rows, columns, rowsBefore: (batch.rowsBefore ?? 0) + from };
}

function sliceColumn(column: FeatureColumn, from: number, to: number): FeatureColumn {
  if (isCoded(column)) return { ...column, codes: column.codes.subarray(from, to) };
  return ArrayBuffer.isView(column) ? column.subarray(from, to) : column.slice(from, to);
}

/** The column of a feature, or a `ServingError` code `instances` that says what the batch lacks. */
export function columnOf(batch: FeatureBatch, feature: Feature): FeatureColumn {
  const column = batch.columns.get(feature.name);
  const length = isCoded(column) ? column.codes.length : column?.length;
  const problem =
    column === undefined
      ? `has no column ${quote(feature.name)}${didYouMean(feature.name, [...batch.columns.keys()])}`
      : length !== batch.rows
        ? `holds ${batch.rows} rows, but its column ${quote(feature.name)} holds ${length}`
        : ArrayBuffer.isView(column) === (feature.type === "string")
          ? `holds ${feature.type === "string" ? "numbers" : "strings"} in ${quote(feature.name)}, which the contract calls a ${feature.type}`
          : null;
  if (problem !== null || column === undefined) {
    throw new ServingError("instances", `the batch ${problem}`, {
      remedy: "Give the model every feature of its contract, with the type it names there.",
    });
  }
  return column;
}
