/**
 * The whole story on one machine: a stable model with live traffic, then a good candidate, a bad one, a treacherous
 * one, and the way back. The actions are those of the release tree, run as GitHub's runner runs them.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { releaseTree } from "@ml-actions/release";
import { type Job, startJob } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";
import { Acts } from "./acts.ts";
import { liveRequests } from "./live-requests.ts";
import { Screen } from "./screen.ts";

const root = join(import.meta.dirname, "../..");
const flights = join(root, "test/fixtures/flights");
const reports = join(root, "build/demo");
const requestsPerSecond = 300;
const keep = process.argv.includes("--keep");

const screen = new Screen();
let job: Job | undefined;
let traffic: Traffic | undefined;
let ending: Promise<void> | undefined;

/** Whatever happened: no process of the demo outlives it. */
function cleanUp(): Promise<void> {
  ending ??= (async () => {
    await traffic?.stop();
    await job?.end();
  })();
  return ending;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    screen.line("");
    screen.line("Stopping: ending the traffic and every process of the demo …");
    void cleanUp().finally(() => process.exit(130));
  });
}

try {
  await demo();
} catch (error) {
  // An action that was interrupted with the demo is no failure of the demo.
  if (ending === undefined) screen.failure(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
await cleanUp();

async function demo(): Promise<void> {
  rmSync(reports, { recursive: true, force: true });
  screen.title("ml-actions: from an ONNX file to production, and back");
  const tree = await screen.waiting("Building the release tree (about a minute the first time)", () =>
    releaseTree(),
  );
  const startedAt = Date.now();
  job = startJob({ tree, workspace: root });
  const acts = new Acts({ job, screen, flights, reports });
  await acts.firstRelease();
  traffic = new Traffic({
    url: acts.url,
    requests: await liveRequests(flights),
    perSecond: requestsPerSecond,
    labelsFile: acts.labels,
  });
  traffic.start();
  screen.line(`Live traffic: ${requestsPerSecond} labelled requests a second to ${acts.url}/predict\n`);
  await acts.good();
  await acts.bad();
  await acts.treacherous(traffic);
  await acts.wayBack();
  await finish(traffic, acts, startedAt);
}

async function finish(sent: Traffic, acts: Acts, startedAt: number): Promise<void> {
  await sent.stop();
  traffic = undefined;
  screen.title("What users saw");
  screen.line(
    `${count(sent.sent)} requests sent, ${count(sent.answered)} answered, ${sent.failures.length} lost.`,
  );
  for (const [model, { requests, nan }] of sent.models) {
    screen.line(
      `  ${model.padEnd(20)} ${count(requests).padStart(7)} answers${nan > 0 ? `, ${nan} of them without a score` : ""}`,
    );
  }
  screen.title("Reports");
  for (const report of acts.reports) screen.line(`  ${report}`);
  screen.line(`\nDone in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
  if (sent.failures.length > 0) {
    const first = sent.failures
      .slice(0, 5)
      .map(({ at, id, what }) => `${new Date(at).toISOString()} ${id}: ${what}`);
    throw new Error(`${sent.failures.length} requests were lost:\n${first.join("\n")}`);
  }
  if (keep) await untilCtrlC(acts);
}

async function untilCtrlC(acts: Acts): Promise<never> {
  screen.title("Still running");
  screen.line(`curl -s ${acts.url}/predict -d '${acts.sampleBody}'`);
  screen.line(`curl -s ${acts.url}/health`);
  screen.line("Ctrl-C ends it.");
  return new Promise(() => {
    setInterval(() => {}, 60_000);
  });
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
