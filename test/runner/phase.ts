/** One phase of a step, `main` or `post`: its process, and what the runner takes from its output and files. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ActionFile, inputVariables } from "./action-file.ts";
import { type Annotation, emptyOutput, masked, outputReader } from "./commands.ts";
import { makeStepFiles, stepVariables } from "./environment.ts";
import { parseFileCommand } from "./file-commands.ts";
import { type Ended, type Interrupt, runProcess } from "./step-process.ts";

/** GitHub drops a summary that is larger. */
const LARGEST_SUMMARY_BYTES = 1024 * 1024;
const STEP_TIMEOUT_MS = 120_000;

export interface StepOptions {
  action: string;
  /** `with:` */
  inputs?: Record<string, string>;
  /** `env:` of the step. */
  env?: Record<string, string>;
  /** SIGKILL after this; 120 s if not said. */
  timeoutMs?: number;
  /** Of `main` alone. */
  interrupt?: Interrupt;
  /** Sees each line as it comes, before masking. */
  onLine?: (line: string) => void;
}

export interface PhaseResult extends Ended {
  outputs: Record<string, string>;
  summary: string;
  annotations: Annotation[];
  /** How many annotations GitHub would have dropped. */
  droppedAnnotations: number;
  /** What people see, masked. */
  log: string;
  /** Every line the process wrote, as it wrote it. */
  raw: string;
  /** What the runner would have refused or warned about. Good actions leave it empty. */
  refused: string[];
  /** Additions to GITHUB_ENV and GITHUB_PATH. */
  env: Record<string, string>;
  path: string[];
  state: Record<string, string>;
}

/** What is the same for all steps of a job; `variables` and `masks` grow with them. */
export interface JobState {
  tree: string;
  workspace: string;
  /** Where the files of the steps lie. */
  files: string;
  variables: Record<string, string>;
  masks: Set<string>;
  steps: number;
}

/** A step whose `main` has run, with the state it saved. */
export interface Begun {
  step: StepOptions;
  action: ActionFile;
  state: Record<string, string>;
}

export async function runPhase(job: JobState, phase: "main" | "post", begun: Begun): Promise<PhaseResult> {
  const { step, action, state } = begun;
  job.steps += 1;
  const files = await makeStepFiles(job.files, String(job.steps));
  const output = emptyOutput(job.masks);
  const raw: string[] = [];
  const read = outputReader(output, { debug: step.env?.RUNNER_DEBUG === "1" });
  const ended = await runProcess({
    script: join(job.tree, step.action, (phase === "main" ? action.runs.main : action.runs.post) ?? ""),
    cwd: job.workspace,
    env: {
      ...job.variables,
      ...step.env,
      ...inputVariables(action, step.inputs ?? {}),
      ...stepVariables(step.action, files),
      ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
    },
    timeoutMs: step.timeoutMs ?? STEP_TIMEOUT_MS,
    interrupt: phase === "main" ? step.interrupt : undefined,
    onLine: (line) => {
      raw.push(line);
      step.onLine?.(line);
      read(line);
    },
  });
  for (const mask of output.masks) job.masks.add(mask);
  const env = await valuesOf(files.env, output.refused);
  const path = (await readFile(files.path, "utf8")).split("\n").filter((line) => line !== "");
  if ("NODE_OPTIONS" in env) output.refused.push("Can't store NODE_OPTIONS using '$GITHUB_ENV'");
  job.variables = { ...job.variables, ...env, PATH: [...path.toReversed(), job.variables.PATH].join(":") };
  return {
    ...ended,
    outputs: await valuesOf(files.output, output.refused),
    summary: masked(await summaryOf(files.summary, output.refused), job.masks),
    annotations: output.annotations,
    droppedAnnotations: output.dropped,
    log: output.log.join("\n"),
    raw: raw.join("\n"),
    refused: output.refused,
    env,
    path,
    state: await valuesOf(files.state, output.refused),
  };
}

async function valuesOf(file: string, refused: string[]): Promise<Record<string, string>> {
  const text = await readFile(file, "utf8");
  try {
    return parseFileCommand(text);
  } catch (error) {
    refused.push(`Unable to process file command: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
}

async function summaryOf(file: string, refused: string[]): Promise<string> {
  const summary = await readFile(file, "utf8");
  const sizeBytes = Buffer.byteLength(summary);
  if (sizeBytes <= LARGEST_SUMMARY_BYTES) return summary;
  refused.push(`$GITHUB_STEP_SUMMARY upload aborted, supports content up to 1024k, got ${sizeBytes} bytes`);
  return "";
}
