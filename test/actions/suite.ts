/** What the tests of built actions share: a job on the release tree, the flights, and files made on the spot. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { metricsSchema } from "@ml-actions/evidence/metrics-file";
import { readStatement } from "@ml-actions/evidence/statement";
import { releaseTree } from "@ml-actions/release";
import { type Job, type PhaseResult, startJob } from "../runner/runner.ts";

const fixtures = join(import.meta.dirname, "../fixtures");
export const flights = (name: string) => join(fixtures, "flights", name);
export const models = (name: string) => join(fixtures, "models", name);
export const evaluationSample = flights("dataset_v20131231.parquet");

export async function newJob(env: Record<string, string> = {}): Promise<Job> {
  return startJob({ tree: await releaseTree(), env });
}

/** A file with this text in a directory of its own. */
export function fileWith(name: string, content: string | Buffer): string {
  const path = join(mkdtempSync(join(tmpdir(), "ml-actions-test-")), name);
  writeFileSync(path, content);
  return path;
}

/** The files that an action names in its outputs, read and checked as their readers would. */
export function filesOf(done: PhaseResult) {
  const read = (output: string) => readFileSync(done.outputs[output] as string, "utf8");
  return {
    metrics: metricsSchema.parse(JSON.parse(read("metrics"))),
    evidence: readStatement(read("evidence"), "evidence"),
    report: read("report"),
  };
}
