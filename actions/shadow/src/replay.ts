/** mode `replay`: both releases run on this runner alone, and answer the requests of a file. Production is not touched. */
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import type { SideCounts } from "@ml-actions/gates/types";
import { readPredictions } from "@ml-actions/rollout/local/predictions";
import { predictionLog } from "@ml-actions/rollout/local/release-files";
import { ReleaseProcess } from "@ml-actions/rollout/local/release-process";
import type { Release } from "@ml-actions/rollout/target";
import { z } from "zod";
import { deployedOptions, stableRelease } from "../../local-state.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";
import { pairUp } from "./pairs.ts";
import type { ShadowRun } from "./shadow-run.ts";

const startTimeoutMs = 60_000;
const answerTimeoutMs = 30_000;
/** Enough to keep a core busy, few enough that latencies are not those of a queue. */
const requestsAtOnce = 4;

const requestSchema = z.object({
  request_id: z.string().min(1).max(200).optional(),
  instances: z.array(z.record(z.string(), z.unknown())).min(1),
});
type ReplayRequest = z.infer<typeof requestSchema> & { request_id: string };

type Context = ActionContext<ShadowOutputs>;

export async function replay(inputs: ShadowInputs, context: Context, candidate: Release): Promise<ShadowRun> {
  const { stateDirectory } = deployedOptions(inputs.resource, context.programs);
  const stable = await stableRelease(stateDirectory, inputs.resource);
  if (stable === null) {
    throw new UserError(
      `Nothing serves as \`${inputs.resource}\`: a replay needs a stable release to be compared with.`,
      {
        remedy: "Deploy the first release with the action `deploy`.",
      },
    );
  }
  const requests = await readRequests(inputs.requests as string);
  const startedAt = Date.now();
  const sides = [stable, candidate] as const;
  await mkdir(join(context.directory, "predictions"), { recursive: true });
  const processes = sides.map((release) => start(release, context));
  const tallies = sides.map(() => ({ requests: 0, errors: 0, nan: 0 }));
  try {
    await Promise.all(processes.map((process) => process.whenReady(startTimeoutMs)));
    context.log.info(
      `Replaying ${requests.length} requests to ${stable.label} and ${candidate.label} on this runner`,
    );
    await sendAll(requests, processes, tallies, { context, deadline: startedAt + inputs.duration });
  } finally {
    await Promise.all(processes.map((process) => process.stop(1_000)));
  }
  const [ours, theirs] = sides.map((release) =>
    readPredictions(predictionLog(context.directory, release.digest)),
  );
  const pairs = await pairUp(ours as AsyncGenerator<never>, theirs as AsyncGenerator<never>, startedAt);
  const [stableCounts, candidateCounts] = tallies.map((tally): SideCounts => ({ ...tally, latency: null }));
  const counts = {
    at: Date.now(),
    ok: true,
    stable: stableCounts as SideCounts,
    candidate: candidateCounts as SideCounts,
  } as const;
  return { ...pairs, stable, sent: counts.candidate.requests, counts, startedAt };
}

function start(release: Release, { programs, directory }: Context): ReleaseProcess {
  const launch = {
    program: programs.server,
    inferenceProgram: programs.inference,
    modelPath: release.model.uri,
    modelDigest: release.model.digest,
    contractPath: release.model.contract,
    predictionLog: predictionLog(directory, release.digest),
    logFile: join(directory, `${release.digest.slice(7, 19)}.log`),
  };
  return new ReleaseProcess(release, launch, answerTimeoutMs);
}

async function readRequests(path: string): Promise<ReplayRequest[]> {
  const requests: ReplayRequest[] = [];
  const seen = new Set<string>();
  let number = 0;
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number += 1;
    if (line.trim() === "") continue;
    const { request_id: id = `line-${number}`, instances } = parseLine(line, number, path);
    if (seen.has(id)) throw badLine(path, number, `the request_id ${JSON.stringify(id)} was there before`);
    seen.add(id);
    requests.push({ request_id: id, instances });
  }
  if (requests.length === 0) throw badLine(path, 1, "there is no request");
  return requests;
}

function parseLine(line: string, number: number, path: string) {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw badLine(path, number, `not JSON: ${(cause as Error).message}`);
  }
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw badLine(path, number, `${issue?.path.join(".") || "the line"}: ${issue?.message}`);
}

function badLine(path: string, number: number, what: string): UserError {
  return new UserError(`requests: ${path}, line ${number}: ${what}.`, {
    remedy: 'Write one request a line: {"request_id": "r1", "instances": [{"feature": value}]}.',
  });
}

interface Tally {
  requests: number;
  errors: number;
  nan: number;
}

/** Both sides get the same request at the same time, so that a busy machine is busy for both. */
async function sendAll(
  requests: readonly ReplayRequest[],
  processes: readonly ReleaseProcess[],
  tallies: readonly Tally[],
  { context, deadline }: { context: Context; deadline: number },
): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  let next = 0;
  const lane = async () => {
    for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
      context.signal.throwIfAborted();
      if (Date.now() >= deadline) return;
      const { request_id: id, instances } = request;
      const body = JSON.stringify({ instances });
      await Promise.all(
        processes.map((process, side) => ask(process, agent, id, body, tallies[side] as Tally)),
      );
    }
  };
  await Promise.all(Array.from({ length: requestsAtOnce }, lane));
  agent.destroy();
}

/** Counts as a proxy would: a failure of the server is one, a refusal of the request is the caller's own. */
function ask(process: ReleaseProcess, agent: Agent, id: string, body: string, tally: Tally): Promise<void> {
  const address = process.address();
  tally.requests += 1;
  if (address === null) {
    tally.errors += 1;
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const failed = () => {
      tally.errors += 1;
      resolve();
    };
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "x-request-id": id,
    };
    const options = {
      host: "127.0.0.1",
      port: address.port,
      path: "/predict",
      method: "POST",
      agent,
      headers,
      timeout: answerTimeoutMs,
    };
    const call = httpRequest(options, (response) => {
      response.resume();
      response.on("error", failed);
      response.on("end", () => {
        if ((response.statusCode ?? 500) >= 500) tally.errors += 1;
        if (Number(response.headers["x-ml-nan-rows"] ?? 0) > 0) tally.nan += 1;
        resolve();
      });
    });
    call.on("timeout", () => call.destroy(new Error("no answer in time")));
    call.on("error", failed);
    call.end(body);
  });
}
