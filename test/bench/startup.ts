/**
 * What a step costs before its story begins: each action of the release tree failing on a missing input, against bare
 * `node -e 0`; and the size of what the runner downloads for it.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { actionNamesIn } from "@ml-actions/release/definitions";
import { releaseTree } from "@ml-actions/release/tree";
import { type Job, startJob } from "../runner/runner.ts";

const AIM_OVER_NODE_MS = 150;
const AIM_SIZE_BYTES = 3 * 1024 * 1024;

/** `--runs 21`: how often each is started, in turns, so that a busy moment of the machine hits all alike. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { runs: { type: "string", default: "21" } } });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs ${values.runs}: expected a whole number above 0`);
  const root = join(import.meta.dirname, "../..");
  const actions = await actionNamesIn(join(root, "actions"));
  const tree = await releaseTree();
  const job = startJob({ tree });
  const timesMs = new Map<string, number[]>();
  const record = (what: string, ms: number) => timesMs.set(what, [...(timesMs.get(what) ?? []), ms]);
  for (let i = 0; i < runs; i++) {
    record(BARE, await bareNode(job.workspace));
    for (const action of actions) {
      await rm(join(job.temp, "ml-actions"), { recursive: true, force: true });
      record(`${action}, first in its job`, await failOnMissingInput(job, action));
      record(`${action}, again`, await failOnMissingInput(job, action));
    }
  }
  printTimes(timesMs, runs);
  await printSizes(tree);
}

const BARE = "node -e 0";

async function failOnMissingInput(job: Job, action: string): Promise<number> {
  const { exitCode, log, durationMs } = await job.run({ action, inputs: {} });
  if (exitCode !== 1 || !log.includes("is missing"))
    throw new Error(`${action} did not miss an input:\n${log}`);
  return durationMs;
}

async function bareNode(cwd: string): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["-e", "0"], { cwd, env: {}, stdio: ["ignore", "pipe", "pipe"] });
  await new Promise((resolve, reject) => child.on("error", reject).on("exit", resolve));
  return performance.now() - startedMs;
}

function printTimes(timesMs: ReadonlyMap<string, readonly number[]>, runs: number): void {
  const bareMs = quantile(timesMs.get(BARE) ?? [], 0.5);
  console.log(`Start of an action that fails on a missing input, ${runs} runs each, in ms`);
  console.log(row(["", "median", "p95", "over node", "× node"]));
  for (const [what, ms] of timesMs) {
    const median = quantile(ms, 0.5);
    const numbers = [median, quantile(ms, 0.95), median - bareMs].map((value) => value.toFixed(0));
    console.log(row([what, ...numbers, (median / bareMs).toFixed(1)]));
  }
  const worst = Math.max(...[...timesMs.values()].map((ms) => quantile(ms, 0.5) - bareMs));
  console.log(
    `Aim: at most ${AIM_OVER_NODE_MS} ms over node: ${worst <= AIM_OVER_NODE_MS ? "met" : "missed"}\n`,
  );
}

async function printSizes(tree: string): Promise<void> {
  const archive = await archiveBytes(tree);
  console.log("Size of the release tree, in KiB");
  console.log(row(["tar | gzip", kib(await outputBytes("tar", ["-C", tree, "-cz", "."]))]));
  console.log(row(["git archive | gzip", kib(archive)]));
  console.log(`Aim: at most ${AIM_SIZE_BYTES / 1024} KiB: ${archive <= AIM_SIZE_BYTES ? "met" : "missed"}`);
}

/** What GitHub sends to a runner for `uses:`: the archive of the commit. */
async function archiveBytes(tree: string): Promise<number> {
  const repository = await mkdtemp(join(tmpdir(), "release-"));
  try {
    for (const name of await readdir(tree))
      await cp(join(tree, name), join(repository, name), { recursive: true });
    const git = (...args: string[]) => outputBytes("git", ["-C", repository, "-c", "gc.auto=0", ...args]);
    await git("init", "--quiet");
    await git("add", "--all");
    await git("-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "-m", "v1");
    return await git("archive", "--format=tar.gz", "HEAD");
  } finally {
    await rm(repository, { recursive: true });
  }
}

/** How much a command writes. */
async function outputBytes(command: string, args: string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
  return bytes;
}

/** The value that a share `q` of the values does not exceed (nearest rank). */
function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

const kib = (bytes: number): string => (bytes / 1024).toFixed(0);

const row = ([first = "", ...numbers]: string[]): string =>
  `  ${first.padEnd(28)}${numbers.map((number) => number.padStart(11)).join("")}`;
