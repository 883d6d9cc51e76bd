/**
 * Runs actions of a release tree as GitHub's runner does: a job with its directories and environment, steps that hand
 * on outputs, environment and state, `post` at the end, and then the end of every process the steps left behind.
 */
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readActionFile } from "./action-file.ts";
import { jobVariables } from "./environment.ts";
import { clearDeadJobs, makeJobHome } from "./job-home.ts";
import { endOrphans } from "./orphans.ts";
import { type Begun, type JobState, type PhaseResult, runPhase, type StepOptions } from "./phase.ts";
import { seedToolCache } from "./tool-cache.ts";

export type { PhaseResult, StepOptions } from "./phase.ts";

export interface JobOptions {
  /** The release tree: a folder an action. */
  tree: string;
  /** GITHUB_WORKSPACE, where steps run. Default: an empty directory. */
  workspace?: string;
  /** `env:` of the job: wins over what the runner sets. */
  env?: Record<string, string>;
}

export interface Job {
  workspace: string;
  /** The tree as the runner has it, with the programs. */
  tree: string;
  /** RUNNER_TEMP */
  temp: string;
  /** Runs `main`; its `post` comes with `end`. */
  run(step: StepOptions): Promise<PhaseResult>;
  /** Runs the `post` of every step, the last first, then ends all processes of the job. */
  end(): Promise<PhaseResult[]>;
}

let cleared: Promise<void> | undefined;

/** A job on a fresh hosted runner. Its own directories are removed when this process ends. */
export function startJob({ tree, workspace: given, env }: JobOptions): Job {
  if (!process.versions.node.startsWith("24.")) {
    throw new Error(`Actions run on Node 24, this is ${process.versions.node}: start it with \`npm test\``);
  }
  const { path: home, trackingId, make } = makeJobHome();
  const [temp, toolCache, files] = [make("temp"), make("tools"), make("files")];
  const workspace = given ?? make("workspace");
  // Where the runner unpacks it: outside of the checkout, so that no module of the checkout's can be found from it.
  const unpacked = join(make("_actions"), "org/ml-actions/v1");
  cpSync(tree, unpacked, { recursive: true });
  const eventPath = join(files, "event.json");
  writeFileSync(eventPath, "{}");
  seedToolCache(toolCache);
  const variables = { ...jobVariables({ home, workspace, temp, toolCache, trackingId, eventPath }), ...env };
  const state: JobState = { tree: unpacked, workspace, files, variables, masks: new Set(), steps: 0 };
  const begun: Begun[] = [];
  return {
    workspace,
    tree: unpacked,
    temp,
    async run(step) {
      cleared ??= clearDeadJobs();
      await cleared;
      const action = await readActionFile(join(unpacked, step.action));
      const entry: Begun = { step, action, state: {} };
      // The runner registers `post` when `main` starts, so it comes also after a failure.
      if (action.runs.post !== undefined) begun.push(entry);
      const result = await runPhase(state, "main", entry);
      entry.state = result.state;
      return result;
    },
    async end() {
      const results: PhaseResult[] = [];
      for (const entry of begun.splice(0).reverse()) results.push(await runPhase(state, "post", entry));
      await endOrphans(trackingId);
      // What the steps wrote stays for who asserts on it; the tree is large and needed no more.
      rmSync(unpacked, { recursive: true, force: true });
      return results;
    },
  };
}

/** A job of one step: `main`, `post`, and the end of what was left running. */
export async function runFromTree(
  options: JobOptions & StepOptions,
): Promise<PhaseResult & { post: PhaseResult | undefined; job: Job }> {
  const job = startJob(options);
  let main: PhaseResult;
  let post: PhaseResult | undefined;
  try {
    main = await job.run(options);
  } finally {
    [post] = await job.end();
  }
  return { ...main, post, job };
}
