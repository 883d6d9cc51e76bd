/** Builds what a story may touch of the runner. */
import { randomBytes } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import * as core from "@actions/core";
import type { ActionContext, Programs } from "./action.ts";
import type { AnnotatingLog } from "./log.ts";
import { disarm } from "./log.ts";
import { fitSummary, LARGEST_SUMMARY_BYTES } from "./summary.ts";

/** Names under which `post` finds what `main` left; the story's own keys have the other prefix. */
const KEPT = { directory: "ml_actions_directory", holder: "ml_actions_holder" };
const STORY_KEY = "ml_actions_story_";

interface Parts {
  action: string;
  outputs: readonly string[];
  log: AnnotatingLog;
  signal: AbortSignal;
  programs: Programs;
}

/** The context of `main`, with a directory made now, or of `post`, with what `main` remembered. */
export function createContext(parts: Parts, phase: "main" | "post"): ActionContext<Record<string, string>> {
  const { action, outputs, log, signal, programs } = parts;
  const remembered = new Map<string, string>();
  const keep = (key: string, value: string) => {
    core.saveState(key, value);
    remembered.set(key, value);
  };
  const kept = (key: string) => remembered.get(key) ?? (core.getState(key) || undefined);
  const from = <T>(key: string, make: () => T & string): string => {
    const before = phase === "post" ? kept(key) : undefined;
    if (before !== undefined) return before;
    const made = make();
    keep(key, made);
    return made;
  };
  return {
    log,
    signal,
    programs,
    directory: from(KEPT.directory, () => makeDirectory(action)),
    holder: from(KEPT.holder, () => holderOf(process.env)),
    output(name, value) {
      if (!outputs.includes(name)) throw new Error(`The definition of ${action} has no output "${name}"`);
      core.setOutput(name, value);
    },
    environment: (name, value) => core.exportVariable(name, value),
    summary: writeSummary,
    remember: (key, value) => keep(STORY_KEY + key, value),
    recall: (key) => kept(STORY_KEY + key),
  };
}

/** The file of this step may hold earlier parts, so what fits is counted from its size. Without a runner: the log. */
async function writeSummary(markdown: string): Promise<void> {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (!file) {
    core.info(disarm(markdown));
    return;
  }
  const sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const fitting = fitSummary(`${markdown}\n`, LARGEST_SUMMARY_BYTES - sizeBytes);
  if (fitting === "") core.warning("The job summary is full: a later part of it was left out");
  else await core.summary.addRaw(fitting).write();
}

/** `<RUNNER_TEMP>/ml-actions/<action>-<n>/`, n being the first that no earlier step of the job has taken. */
function makeDirectory(action: string): string {
  const parent = join(process.env.RUNNER_TEMP || tmpdir(), "ml-actions");
  mkdirSync(parent, { recursive: true });
  for (let n = 1; ; n++) {
    const directory = join(parent, `${action}-${n}`);
    try {
      mkdirSync(directory);
      return directory;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
}

/**
 * The run's URL, which a person can open, with a fragment that tells the jobs of one run apart: the legs of a matrix
 * share URL, attempt and job name, and two of them must never hold one lease. Host and pid outside of GitHub.
 */
export function holderOf(environment: Readonly<Record<string, string | undefined>>): string {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT, GITHUB_JOB } = environment;
  if (!GITHUB_SERVER_URL || !GITHUB_REPOSITORY || !GITHUB_RUN_ID) return `${hostname()}:${process.pid}`;
  const run = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
  return `${run}/attempts/${GITHUB_RUN_ATTEMPT || "1"}#${GITHUB_JOB || "job"}-${randomBytes(4).toString("hex")}`;
}
