/** A batch of features → the tensors of the graph, and several requests' tensors → one. */
import { type CodedTexts, decodeTexts, isCoded, weaveTexts } from "./coded-texts.ts";
import type { Contract, Feature, GraphInput } from "./contract.ts";
import { quote, ServingError } from "./errors.ts";
import { columnOf, type FeatureBatch, type FeatureColumn } from "./feature-batch.ts";

/** Row-major data of one graph input, shape [rows, features.length], in the order of the contract's `inputs`. A bool
 * tensor is a Uint8Array, as onnxruntime takes it. */
export type TensorData = Values | CodedTexts;
type Values = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | string[];

/** Throws `ServingError` code `instances` when a column is absent, of another length or type, or holds a value that its
 * graph input cannot carry (a missing integer, a NUL in a string). Missing → NaN and "". */
export function tensorsOf(contract: Contract, batch: FeatureBatch): TensorData[] {
  const features = new Map(contract.features.map((feature) => [feature.name, feature]));
  const rowsBefore = batch.rowsBefore ?? 0;
  return contract.inputs.map((input) => {
    const places = input.features.map((name, position) => {
      const feature = features.get(name) as Feature;
      return { input, feature, position, rowsBefore, column: columnOf(batch, feature) };
    });
    const texts = places.map(({ column }) => column);
    if (texts.every(isCoded)) {
      return weaveTexts(texts, batch.rows, (text, row, position) => {
        asString(text, row, places[position] as Place);
      });
    }
    const data = allocate(input, batch.rows);
    for (const place of places) fill(data, place.column, place);
    return data;
  });
}

function allocate({ datatype, features }: GraphInput, rows: number): Values {
  const length = rows * features.length;
  switch (datatype) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "int64":
      return new BigInt64Array(length);
    case "int32":
      return new Int32Array(length);
    case "bool":
      return new Uint8Array(length);
    case "string":
      return new Array<string>(length);
  }
}

interface Place {
  input: GraphInput;
  feature: Feature;
  position: number;
  rowsBefore: number;
}

function fill(data: Values, column: FeatureColumn, place: Place): void {
  const width = place.input.features.length;
  const cells = isCoded(column) ? decodeTexts(column) : column;
  let at = place.position;
  if (data instanceof Float32Array && cells instanceof Float64Array) {
    for (let row = 0; row < cells.length; row++, at += width) data[at] = cells[row] as number;
    return;
  }
  for (let row = 0; row < cells.length; row++, at += width) {
    const value = cells[row] as number | bigint | string;
    if (data instanceof BigInt64Array) data[at] = asInt64(value, row, place);
    else if (Array.isArray(data)) data[at] = asString(value as string, row, place);
    else if (data instanceof Float32Array || data instanceof Float64Array) data[at] = Number(value);
    else data[at] = asSmallInteger(Number(value), row, place);
  }
}

function asInt64(value: number | bigint | string, row: number, place: Place): bigint {
  if (typeof value === "bigint") return value;
  if (!Number.isSafeInteger(value))
    throw unfit(value, row, place, "is not an integer that a double holds exactly");
  return BigInt(value);
}

function asSmallInteger(value: number, row: number, place: Place): number {
  const [least, most] = place.input.datatype === "bool" ? [0, 1] : [-(2 ** 31), 2 ** 31 - 1];
  if (!Number.isInteger(value) || value < least || value > most) {
    throw unfit(value, row, place, `is not an integer from ${least} to ${most}`);
  }
  return value;
}

// onnxruntime-node reads strings up to the first NUL and says nothing: "UA\0x" would be scored as "UA".
function asString(value: string, row: number, place: Place): string {
  if (value.includes("\0"))
    throw unfit(value, row, place, "holds a NUL character, where onnxruntime would cut it off");
  return value;
}

function unfit(
  value: unknown,
  row: number,
  { input, feature, rowsBefore }: Place,
  why: string,
): ServingError {
  const shown = Number.isNaN(value) ? "a missing value" : quote(value);
  return new ServingError(
    "instances",
    `row ${rowsBefore + row + 1}, feature ${quote(feature.name)}: ${shown} ${why}, and the graph's input ${quote(input.name)} is ${input.datatype}`,
    { remedy: "Give values that the model's contract allows." },
  );
}

/** Several requests' tensors, one below the other. All come from the same contract. */
export function mergeTensors(requests: readonly TensorData[][]): TensorData[] {
  const first = requests[0];
  if (first === undefined || requests.length === 1) return first ?? [];
  return first.map((sample, input) => {
    const parts = requests.map((request) => request[input] as TensorData);
    if (Array.isArray(sample) || isCoded(sample)) {
      return (parts as (string[] | CodedTexts)[]).flatMap((part) =>
        isCoded(part) ? decodeTexts(part) : part,
      );
    }
    const length = (parts as Float64Array[]).reduce((sum, part) => sum + part.length, 0);
    const merged = new (sample.constructor as Float64ArrayConstructor)(length);
    let at = 0;
    for (const part of parts as Float64Array[]) {
      merged.set(part, at);
      at += part.length;
    }
    return merged;
  });
}
