/** The live sample: what callers send, with the truth that becomes known later. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LabelledRequest } from "../traffic/traffic.ts";

export async function liveRequests(flights: string): Promise<LabelledRequest[]> {
  const text = await readFile(join(flights, "live_v20131231.jsonl"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as LabelledRequest);
}
