/** What the tests of scan share: the action from source in a job of the runner's, real Trivy, and scanners that misbehave. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { goTool } from "../components/go-tool.ts";
import type { PhaseResult } from "../runner/runner.ts";
import { type Job, startJob } from "../runner/runner.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

const made: string[] = [];

/** A directory that `removeScratch` removes. */
export async function scratch(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `ml-actions-${name}-`));
  made.push(directory);
  return directory;
}

export async function removeScratch(): Promise<void> {
  await Promise.all(made.splice(0).map((directory) => rm(directory, { recursive: true, force: true })));
}

/** A tree that runs the action's sources: what the bundle adds is shown by the tests of built actions. */
export async function sourceTree(): Promise<string> {
  const tree = await scratch("scan-tree");
  await mkdir(join(tree, "scan"));
  await cp(join(root, "actions/scan/action.yml"), join(tree, "scan/action.yml"));
  await writeFile(join(tree, "package.json"), '{ "type": "module" }');
  for (const [file, call] of [
    ["index.js", "runAction"],
    ["post.js", "runPost"],
  ]) {
    // The runner unpacks the tree for every job; what was compiled from the sources stays.
    const text = `import { enableCompileCache } from "node:module";
import { setFlagsFromString } from "node:v8";
setFlagsFromString("--no-maglev");
enableCompileCache(${JSON.stringify(join(tree, "compiled"))});
const { ${call} } = await import(${JSON.stringify(join(root, "packages/action-kit/src/run.ts"))});
const { definition } = await import(${JSON.stringify(join(root, "actions/scan/src/definition.ts"))});
await ${call}(definition, {});
`;
    await writeFile(join(tree, "scan", file as string), text);
  }
  return tree;
}

export interface Scanned extends PhaseResult {
  job: Job;
  errors: string[];
}

/** One run of the action; `post` too. */
export async function scanIn(
  tree: string,
  inputs: Record<string, string>,
  env: Record<string, string> = {},
): Promise<Scanned> {
  const job = startJob({ tree, env });
  try {
    const result = await job.run({ action: "scan", inputs });
    const errors = result.annotations.filter(({ level }) => level === "error").map(({ message }) => message);
    return { ...result, job, errors };
  } finally {
    await job.end();
  }
}

/** A shell script that stands in for Trivy; `$TRIVY` in it is the real one, `$OUT` the file it was told to write to. */
export async function scannerScript(body: string): Promise<string> {
  const path = join(await scratch("scanner"), "trivy");
  const script = `#!/bin/sh
TRIVY='${await goTool("trivy")}'
OUT=''; previous=''
for argument in "$@"; do [ "$previous" = --output ] && OUT="$argument"; previous="$argument"; done
[ "$1" = version ] && exec "$TRIVY" "$@"
${body}
`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

/** Pushes the one index of a layout as it is. */
export async function pushLayout(
  layout: string,
  reference: string,
  env: Record<string, string> = {},
): Promise<void> {
  await run(await goTool("crane"), ["push", "--index", layout, reference], {
    env: { ...process.env, ...env },
  });
}
