/** deploy of many resources: wave after wave, each resource judged by itself with a journal of its own; one summary. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ActionContext, type Log, NegativeVerdict } from "@ml-actions/action-kit/action";
import {
  deploySummary,
  rolloutPage,
  type WaveResource,
  type WavesReportInput,
  wavesSummary,
} from "@ml-actions/reports";
import type { Release } from "@ml-actions/rollout/target";
import { planWaves, runWaves, type WaveOutcome } from "@ml-actions/rollout/waves";
import { keep, runFacts } from "../../conclude.ts";
import type { Place } from "../../place.ts";
import { prefixedLog } from "../../prefixed-log.ts";
import type { DeployInputs, DeployOutputs } from "./definition.ts";
import { Open } from "./open.ts";
import { filesOf, verdictOf } from "./results.ts";
import { planAt, type RolledOut, rollOutAt } from "./roll-out-at.ts";

type Context = ActionContext<DeployOutputs>;

export interface Facts {
  candidate: Release;
  modelRelease: string | null;
  startedAt: number;
}

/** Of one that came to its end: the rest is in its files, for what was seen in hours at 200 places fills a runner. */
interface Kept {
  row: Omit<WaveResource, "resource" | "wave">;
  /** Digest of what serves now. */
  stable: string | undefined;
  error: Error | null;
  /** Paths of its files, by the output's name. */
  files: Record<string, string>;
}

type Outcome = WaveOutcome<Place, Kept>;

/** @throws NegativeVerdict when one was not promoted; AggregateError of what broke, where something did */
export async function deployMany(
  places: readonly Place[],
  facts: Facts,
  inputs: DeployInputs,
  context: Context,
): Promise<void> {
  const { candidate } = facts;
  const plans = new Map(places.map((place) => [place, planAt(place, candidate, inputs, context)]));
  const waves = planWaves(places);
  const maxParallel = inputs["max-parallel"];
  context.log.info(
    `${candidate.label} → ${places.length} resources in ${waves.length} waves (${waves.map(({ length }) => length).join(", ")}), at most ${maxParallel} at once`,
  );
  const open = new Open(context, places);
  const outcomes = await runWaves<Place, Kept>(waves, {
    maxParallel,
    signal: context.signal,
    failed: ({ row }) => row.stage !== "promoted",
    work: async (place, wave) => {
      const log = prefixedLog(context.log, place.resource);
      log.info(`Wave ${wave} of ${waves.length}`);
      const began = Date.now();
      const plan = plans.get(place) as RolledOut["plan"];
      const rolledOut = await rollOutAt(place, plan, { log, signal: context.signal }).catch(told(log));
      open.close(place);
      const files = await keepOne(rolledOut, facts, { ...context, log });
      const { stage, reason, stable, error } = rolledOut.result;
      log.info(`${stage}: ${reason}`);
      return { row: rowOf(rolledOut, Date.now() - began), stable: stable?.digest, error, files };
    },
  });
  await conclude(outcomes, facts, inputs, context);
}

const told = (log: Log) => (error: unknown) => {
  log.error(error instanceof Error ? error.message : String(error));
  throw error;
};

/** Into a folder of its own. */
async function keepOne(
  rolledOut: RolledOut,
  { modelRelease, startedAt }: Facts,
  context: Pick<Context, "directory" | "log" | "holder">,
): Promise<Kept["files"]> {
  const directory = join(context.directory, rolledOut.place.resource.replaceAll("/", "-"));
  await mkdir(directory, { recursive: true });
  const { report, ...files } = filesOf(rolledOut, { run: runFacts(context, startedAt), modelRelease });
  const paths: Kept["files"] = {};
  await keep(
    { directory, log: context.log, output: (name, value) => void Object.assign(paths, { [name]: value }) },
    { ...files, report: rolloutPage(report) },
  );
  await writeFile(join(directory, "summary.md"), deploySummary(report));
  return paths;
}

async function conclude(
  outcomes: readonly Outcome[],
  { candidate, startedAt }: Facts,
  inputs: DeployInputs,
  context: Context,
): Promise<void> {
  const resources = outcomes.map((outcome) => shown(outcome, outcomes));
  const worst = worstOf(resources);
  context.output("stage", worst.stage);
  context.output("verdict", worst.verdict);
  context.output(
    "results",
    JSON.stringify(
      outcomes.map((outcome, index) => ({
        ...(resources[index] as WaveResource),
        ...(outcome.kind === "done" ? { stable: outcome.result.stable, ...outcome.result.files } : {}),
      })),
    ),
  );
  const [{ item }] = outcomes as [Outcome];
  const summary: WavesReportInput = {
    target: item.target,
    cluster: item.cluster ?? { namespace: "", name: "" },
    asked: inputs.resource.text,
    candidate,
    maxParallel: inputs["max-parallel"],
    resources,
    run: runFacts(context, startedAt),
  };
  await context.summary(wavesSummary(summary));
  const promoted = resources.filter(({ stage }) => stage === "promoted").length;
  const sentence = `${candidate.label} serves ${promoted} of ${resources.length} resources`;
  const broken = outcomes.flatMap((outcome) => (outcome.kind === "broken" ? [outcome.error] : []));
  const faults = outcomes.flatMap((outcome) =>
    outcome.kind === "done" && outcome.result.error !== null ? [outcome.result.error] : [],
  );
  if (broken.length + faults.length > 0) throw new AggregateError([...broken, ...faults], sentence);
  if (promoted < resources.length) throw new NegativeVerdict(sentence);
  context.log.info(sentence);
}

function rowOf({ result, narrator, cluster }: RolledOut, tookMs: number): Kept["row"] {
  return {
    stage: result.stage,
    verdict: verdictOf(result),
    reason: result.reason,
    tookMs,
    settledMs: narrator.settledMs,
    guard: cluster?.guard ?? "",
  };
}

function shown(outcome: Outcome, all: readonly Outcome[]): WaveResource {
  const { item, wave } = outcome;
  const nothing = { resource: item.resource, wave, verdict: null, tookMs: null, settledMs: null, guard: "" };
  if (outcome.kind === "not-begun") {
    const cause = all.find((one) => stageOf(one) !== "promoted" && one.kind !== "not-begun");
    const reason = cause === undefined ? "the run was cancelled" : `${cause.item.resource} was not promoted`;
    return { ...nothing, stage: "not-begun", reason };
  }
  if (outcome.kind === "broken") return { ...nothing, stage: "failed", reason: outcome.error.message };
  return { ...nothing, ...outcome.result.row };
}

function stageOf(outcome: Outcome): WaveResource["stage"] {
  if (outcome.kind !== "done") return outcome.kind === "broken" ? "failed" : "not-begun";
  return outcome.result.row.stage;
}

const stages: readonly WaveResource["stage"][] = ["failed", "restored", "held", "not-begun", "promoted"];

/** The worst that happened to any; a resource that was not begun passed nothing. */
function worstOf(resources: readonly WaveResource[]): {
  stage: string;
  verdict: "pass" | "fail" | "inconclusive";
} {
  const stage = stages.find((one) => resources.some((resource) => resource.stage === one)) ?? "failed";
  const all = (verdict: string) => resources.every((resource) => resource.verdict === verdict);
  const failed = resources.some(({ verdict }) => verdict === "fail");
  return { stage, verdict: failed ? "fail" : all("pass") ? "pass" : "inconclusive" };
}
