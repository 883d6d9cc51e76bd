/** mode `replay`: both releases run on this runner alone, and answer the requests of files. Production is not touched. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { predictionLog } from "@ml-actions/rollout/local/release-files";
import { ReleaseProcess } from "@ml-actions/rollout/local/release-process";
import type { Release } from "@ml-actions/rollout/target";
import { deployedOptions, stableRelease } from "../../local-state.ts";
import { type Place, placesOf } from "../../place.ts";
import { targetOf } from "../../target-inputs.ts";
import { answerTimeoutMs } from "./ask.ts";
import { withFiles } from "./candidate.ts";
import { ContractTest } from "./contract-test.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";
import { readRequests, surveyRequests } from "./replay-requests.ts";
import { type Layout, ReplayedAnswers } from "./replayed-answers.ts";
import { Sending } from "./sending.ts";
import type { ShadowRun } from "./shadow-run.ts";

const startTimeoutMs = 60_000;

type Context = ActionContext<ShadowOutputs>;

/** @param layoutFor how answers of this stable release become numbers; it may refuse the comparison */
export async function replay(
  inputs: ShadowInputs,
  context: Context,
  candidate: Release,
  layoutFor: (stable: Release) => Promise<Layout>,
): Promise<ShadowRun> {
  const stable = await deployed(inputs, context);
  const layout = await layoutFor(stable);
  const paths = inputs.requests as string[];
  const { requests, versions } = await surveyRequests(paths);
  const answers = new ReplayedAnswers(layout, new ContractTest(versions, inputs.tolerance ?? null));
  const deadline = Date.now() + inputs.duration;
  await mkdir(join(context.directory, "predictions"), { recursive: true });
  const processes = {
    stable: start(stable, context),
    candidate: start(candidate, context),
  };
  try {
    await Promise.all(Object.values(processes).map((process) => process.whenReady(startTimeoutMs)));
    context.log.info(
      `Replaying ${requests} requests (${versions.join(", ")}) to ${stable.label} and ${candidate.label} on this runner`,
    );
    const sending = new Sending(processes, { deadline, rate: inputs.rate ?? null, signal: context.signal });
    await sending.warmUp(readRequests(paths));
    const pace = await sending.sendAll(readRequests(paths), (request, both) => answers.record(request, both));
    return { stable, ...answers.result(requests, inputs["min-coverage"]), notes: pace.notes };
  } finally {
    await Promise.all(Object.values(processes).map((process) => process.stop(1_000)));
  }
}

async function deployed(inputs: ShadowInputs, context: Context): Promise<Release> {
  const stable =
    targetOf(inputs) === "local" ? await servingHere(inputs, context) : await servingThere(inputs, context);
  if (stable !== null) return withFiles(stable, inputs, context);
  throw new UserError(
    `Nothing serves as \`${inputs.resource.text}\`: a replay needs a stable release to be compared with.`,
    {
      remedy: "Deploy the first release with the action `deploy`.",
    },
  );
}

function servingHere({ resource }: ShadowInputs, { programs }: Context): Promise<Release | null> {
  const { stateDirectory } = deployedOptions(resource.text, programs);
  return stableRelease(stateDirectory, resource.text);
}

/** Read alone: there is nothing to guard. */
async function servingThere(inputs: ShadowInputs, context: Context): Promise<Release | null> {
  const [place] = (await placesOf({ ...inputs, guard: "off" }, context, "read")) as [Place];
  const opened = await place.open(context.log);
  try {
    return (await opened.target.read()).stable;
  } finally {
    opened.close();
  }
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
