/**
 * `npm run bench -- waves`: one deploy over many resources of one API server. API calls of a rollout by verb, the most in
 * a second, the job's memory and its seconds, at 1, 50 and 200 resources with 5 and 20 at once.
 *
 * etcd, API server, controllers and scheduler are real and of this bench alone; so are Deployments, pods, Services and
 * HTTPRoutes as objects. No node of two cores runs 800 pods: one process says of each pod that it runs, answers for it
 * through the API server's proxy, and stands in for the gateway. Traffic is counted by the clock.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Asked, askedSince, countBy, peakPerSecond, sizeOf } from "./waves/audit.ts";
import { type BenchCluster, startCluster } from "./waves/cluster.ts";
import { candidateNamed, namespace, ofRun, resourceName } from "./waves/objects.ts";

const plan = { steps: "25, 100", interval: "1s" };
const parallels = [5, 20];

/** `--resources 200`: the most; `--failing 130`: the candidate of that one, counted from 0, fails, and how all of it ends
 * is printed with the summary; `--parallel 20`: alone. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      resources: { type: "string", default: "200" },
      parallel: { type: "string" },
      failing: { type: "string" },
    },
  });
  const most = wholeNumber("--resources", values.resources);
  const chosen = values.parallel === undefined ? parallels : [wholeNumber("--parallel", values.parallel)];
  const counts = values.failing === undefined ? [1, 50, most].filter((count) => count <= most) : [most];
  const cluster = await startCluster([...new Set(counts)]);
  try {
    console.log(
      `${most} HTTPRoutes with 2 pods each, one namespace; steps ${plan.steps}, a look each ${plan.interval}, no guard; pods and gateway stand in, the rest is real\n`,
    );
    if (values.failing !== undefined) {
      cluster.standIn.failing.add(resourceName(Number(values.failing)));
      const { summary, output } = await deploy(cluster, most, chosen.at(-1) as number);
      console.log(`${output}\n\n${summary}`);
      return;
    }
    console.log("| resources | at once | seconds | API calls a rollout | most in a second | memory, MB |");
    console.log("|---|---|---|---|---|---|");
    let last: Measured | null = null;
    for (const count of counts) {
      for (const parallel of count === 1 ? chosen.slice(0, 1) : chosen) {
        last = await deploy(cluster, count, parallel);
        const { asked, seconds, peakMegabytes } = last;
        const cells = [count, parallel, Math.round(seconds), Math.round(asked.length / count)];
        console.log(`| ${[...cells, peakPerSecond(asked), peakMegabytes].join(" | ")} |`);
      }
    }
    if (last !== null) byVerb(last.asked, counts.at(-1) as number);
  } finally {
    await cluster.stop();
  }
}

interface Measured {
  asked: Asked[];
  seconds: number;
  peakMegabytes: number;
  output: string;
  summary: string;
}

let runs = 0;

async function deploy(
  { kubeconfig, auditLog, standIn }: BenchCluster,
  count: number,
  parallel: number,
): Promise<Measured> {
  runs += 1;
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-bench-job-"));
  const [from, summaryFile] = [await sizeOf(auditLog), join(directory, "summary.md")];
  await writeFile(summaryFile, "");
  const began = performance.now();
  const candidate = `flights-${runs}`;
  const inputs = {
    ...{ RESOURCE: `httproute -l ${ofRun(count)}`, CANDIDATE: candidateNamed(candidate).image },
    ...{
      KUBECONFIG: kubeconfig,
      NAMESPACE: namespace,
      GUARD: "off",
      IDENTITY: "https://example.com/anybody",
    },
    ...{ "MAX-PARALLEL": String(parallel), STEPS: plan.steps, INTERVAL: plan.interval },
  };
  const job = join(import.meta.dirname, "waves/job.ts");
  const child = spawn(process.execPath, ["--no-maglev", job, candidate], {
    env: {
      ...process.env,
      ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name}`, value])),
      ...{ RUNNER_TEMP: directory, GITHUB_STEP_SUMMARY: summaryFile },
    },
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const [code] = (await once(child, "close")) as [number | null];
  const seconds = (performance.now() - began) / 1000;
  const output = said.join("");
  const summary = await readFile(summaryFile, "utf8");
  await rm(directory, { recursive: true, force: true });
  const peak = /peak (\d+) MB/.exec(output)?.[1];
  if (peak === undefined || (code !== 0 && standIn.failing.size === 0))
    throw new Error(`the deploy of ${count} ended with ${code}:\n${output.slice(-5000)}`);
  return { asked: await askedSince(auditLog, from), seconds, peakMegabytes: Number(peak), output, summary };
}

function byVerb(asked: readonly Asked[], count: number): void {
  console.log("\n| call | a rollout |");
  console.log("|---|---|");
  for (const [call, times] of countBy(asked, ({ verb, resource }) => `${verb} ${resource}`))
    console.log(`| ${call} | ${(times / count).toFixed(1)} |`);
}

function wholeNumber(option: string, given: string): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`${option} ${given}: expected a whole number above 0`);
}
