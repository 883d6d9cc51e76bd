/** The environment of a step: what the runner sets and nothing of ours. */
import { mkdir, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { dirname, join } from "node:path";

/** The files a step writes to, one set a step, as the runner makes them. */
export interface StepFiles {
  output: string;
  summary: string;
  env: string;
  state: string;
  path: string;
}

export async function makeStepFiles(folder: string, step: string): Promise<StepFiles> {
  await mkdir(folder, { recursive: true });
  const named = (name: string) => join(folder, `${name}_${step}`);
  const files: StepFiles = {
    output: named("set_output"),
    summary: named("step_summary"),
    env: named("set_env"),
    state: named("save_state"),
    path: named("add_path"),
  };
  await Promise.all(Object.values(files).map((file) => writeFile(file, "")));
  return files;
}

interface JobFacts {
  home: string;
  workspace: string;
  temp: string;
  toolCache: string;
  trackingId: string;
  eventPath: string;
}

/** Constant for a job. PATH has the system's tools and the Node that runs the tests, which is the runner's Node 24. */
export function jobVariables({
  home,
  workspace,
  temp,
  toolCache,
  trackingId,
  eventPath,
}: JobFacts): Record<string, string> {
  return {
    CI: "true",
    HOME: home,
    LANG: "C.UTF-8",
    PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    TZ: "UTC",
    GITHUB_ACTIONS: "true",
    GITHUB_ACTOR: "tester",
    // Where nobody listens: a step that calls GitHub without a fake of it fails at once.
    GITHUB_API_URL: "http://127.0.0.1:9",
    GITHUB_EVENT_NAME: "push",
    GITHUB_EVENT_PATH: eventPath,
    GITHUB_GRAPHQL_URL: "http://127.0.0.1:9/graphql",
    GITHUB_JOB: "deliver",
    GITHUB_REF: "refs/heads/main",
    GITHUB_REF_NAME: "main",
    GITHUB_REF_TYPE: "branch",
    GITHUB_REPOSITORY: "octo-org/flights",
    GITHUB_REPOSITORY_OWNER: "octo-org",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_RUN_ID: "1658821493",
    GITHUB_RUN_NUMBER: "3",
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_SHA: "ffac537e6cbbf934b08745a378932722df287a53",
    GITHUB_WORKFLOW: "delivery",
    GITHUB_WORKSPACE: workspace,
    RUNNER_ARCH: arch() === "arm64" ? "ARM64" : "X64",
    RUNNER_ENVIRONMENT: "github-hosted",
    RUNNER_NAME: "test-runner",
    RUNNER_OS: "Linux",
    RUNNER_TEMP: temp,
    RUNNER_TOOL_CACHE: toolCache,
    RUNNER_TRACKING_ID: trackingId,
    RUNNER_WORKSPACE: dirname(workspace),
  };
}

export function stepVariables(action: string, files: StepFiles): Record<string, string> {
  return {
    GITHUB_ACTION: `__org_ml-actions_${action}`,
    GITHUB_ACTION_REF: "v1",
    GITHUB_ACTION_REPOSITORY: "org/ml-actions",
    GITHUB_ENV: files.env,
    GITHUB_OUTPUT: files.output,
    GITHUB_PATH: files.path,
    GITHUB_STATE: files.state,
    GITHUB_STEP_SUMMARY: files.summary,
  };
}
