/** Reads a release's prediction log while its server may be writing it. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Prediction } from "../targets/index.ts";

const predictionSchema: z.ZodType<Prediction> = z.object({
  at: z.number(),
  request_id: z.string(),
  model: z.string(),
  input: z.string(),
  outputs: z.array(z.union([z.number(), z.array(z.number()), z.null()])),
  ms: z.number(),
});

/** Yields what is in the log now, oldest first; nothing when there is no log. A line that is not whole is left out:
 * the last one may be half-written yet, and a killed server leaves one behind. */
export async function* readPredictions(path: string): AsyncGenerator<Prediction> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size === 0) return;
  const lines = createInterface({ input: createReadStream(path, { end: size - 1 }), crlfDelay: Infinity });
  for await (const line of lines) {
    const prediction = parse(line);
    if (prediction !== null) yield prediction;
  }
}

function parse(line: string): Prediction | null {
  try {
    return predictionSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
