/** Reads a release's prediction log while its server may be writing it. */
import { type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Prediction } from "../targets/open-target.ts";

const predictionSchema: z.ZodType<Prediction> = z.object({
  at: z.number(),
  request_id: z.string(),
  model: z.string(),
  input: z.string(),
  outputs: z.array(z.union([z.number(), z.array(z.number()), z.null()])),
  ms: z.number(),
});

/** Lines are in the order in which they were written, which is that of their answers but for the odd one. */
const disorderMs = 1_000;
const chunkBytes = 64 * 1024;

/** Yields what is in the log now, oldest first; nothing when there is no log. A line that is not whole is left out:
 * the last one may be half-written yet, and a killed server leaves one behind.
 * @param fromMs answers before this moment (ms since 1970) may be left out: the log of a release that has served for
 * long is not read from its beginning */
export async function* readPredictions(path: string, fromMs = 0): AsyncGenerator<Prediction> {
  // The server turns a full log into `.1` and begins anew.
  yield* readFile(`${path}.1`, fromMs);
  yield* readFile(path, fromMs);
}

async function* readFile(path: string, fromMs: number): AsyncGenerator<Prediction> {
  const file = await open(path).catch(() => null);
  if (file === null) return;
  try {
    const { size } = await file.stat();
    if (size === 0) return;
    const start = await offsetBefore(file, size, fromMs - disorderMs);
    const input = file.createReadStream({ start, end: size - 1, autoClose: false });
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const prediction = parsePrediction(line);
      if (prediction !== null) yield prediction;
    }
  } finally {
    await file.close();
  }
}

/** An offset after which all answers since `fromMs` lie, found by halving. It may be in the middle of a line, which is
 * then left out as one that is not whole. */
async function offsetBefore(file: FileHandle, size: number, fromMs: number): Promise<number> {
  let low = 0;
  let high = size;
  while (high - low > chunkBytes) {
    const middle = Math.floor((low + high) / 2);
    const found = await firstWithin(file, middle, high);
    if (found === null) return low;
    if (found.at < fromMs) low = middle;
    else high = middle;
  }
  return low;
}

async function firstWithin(file: FileHandle, from: number, to: number): Promise<Prediction | null> {
  const { buffer, bytesRead } = await file.read(
    Buffer.alloc(chunkBytes),
    0,
    Math.min(chunkBytes, to - from),
    from,
  );
  const lines = buffer.toString("utf8", 0, bytesRead).split("\n").slice(1, -1);
  return lines.map(parsePrediction).find((line) => line !== null) ?? null;
}

/** null: no whole line of a prediction log. */
export function parsePrediction(line: string): Prediction | null {
  try {
    return predictionSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
