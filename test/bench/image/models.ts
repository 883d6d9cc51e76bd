/** Models of any size that onnxruntime loads and that answer the contract of the flights: that model with an initializer
 * that no node reads. Each call gives other weights, as a retrained model has. */
import { randomBytes } from "node:crypto";
import { copyFile, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface ModelFiles {
  path: string;
  contract: string;
}

const fixture = join(import.meta.dirname, "../../fixtures/flights/flights-2");

export const weightKinds = {
  /** What compresses least: quantized or packed weights come near. */
  random: (bytes: number) => randomBytes(bytes),
  /** 32-bit floats as training leaves them, around 0: gzip takes about 7 % off. */
  float32: (bytes: number) => {
    const noise = new Uint32Array(randomBytes(bytes).buffer.slice(0));
    const weights = new Float32Array(bytes / 4);
    // Irwin-Hall of two: close enough to a bell, and fast.
    for (let i = 0; i < weights.length; i++) {
      const [a, b] = [noise[i] as number, noise[(i * 7 + 1) % noise.length] as number];
      weights[i] = ((a + b) / 2 ** 32 - 1) * 0.05;
    }
    return Buffer.from(weights.buffer);
  },
} as const;

export type Weights = keyof typeof weightKinds;

export async function makeModel(directory: string, kind: Weights, bytes: number): Promise<ModelFiles> {
  const path = join(directory, "flights.onnx");
  const contract = join(directory, "flights.contract.json");
  const weights = weightKinds[kind](bytes);
  await writeFile(
    path,
    Buffer.concat([await readFile(`${fixture}.onnx`), graphOfInitializer(weights), weights]),
  );
  await copyFile(`${fixture}.contract.json`, contract);
  return { path, contract };
}

/** A file that is large and no model: what builds an image does not look inside. On disk whole, not sparse. */
export async function makeLargeFile(directory: string, bytes: number): Promise<ModelFiles> {
  const path = join(directory, "flights.onnx");
  const contract = join(directory, "flights.contract.json");
  const block = randomBytes(16_000_000);
  const file = await open(path, "w");
  try {
    for (let left = bytes; left > 0; left -= block.byteLength)
      await file.write(block, 0, Math.min(left, block.byteLength));
  } finally {
    await file.close();
  }
  await copyFile(`${fixture}.contract.json`, contract);
  return { path, contract };
}

/** The bytes before the weights: protobuf merges a second `graph` of a ModelProto into the first (onnx.proto: 7 is
 * ModelProto.graph, 5 GraphProto.initializer; in TensorProto 1 is dims, 2 data_type, 8 name, 9 raw_data). */
function graphOfInitializer(weights: Buffer): Buffer {
  const float = 1;
  const name = Buffer.from("bench.weights");
  const tensor = Buffer.concat([
    ...[tag(1, 0), varint(weights.byteLength / 4), tag(2, 0), varint(float)],
    ...[tag(8, 2), varint(name.byteLength), name, tag(9, 2), varint(weights.byteLength)],
  ]);
  const tensorBytes = tensor.byteLength + weights.byteLength;
  const graph = Buffer.concat([tag(5, 2), varint(tensorBytes), tensor]);
  return Buffer.concat([tag(7, 2), varint(graph.byteLength + weights.byteLength), graph]);
}

const tag = (field: number, wireType: number): Buffer => Buffer.from([(field << 3) | wireType]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
