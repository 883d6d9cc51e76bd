/** mode `mirror`: the candidate gets a copy of every live request; its answers reach nobody. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import type { Observation } from "@ml-actions/gates/types";
import { systemClock } from "@ml-actions/rollout/clock";
import { type HeldLease, holdLease } from "@ml-actions/rollout/lease";
import type { JournalStep, Release } from "@ml-actions/rollout/target";
import { openTarget } from "@ml-actions/rollout/targets/index";
import type { LocalTarget } from "@ml-actions/rollout/targets/local";
import { deployedOptions, leaseTtlMs } from "../../local-state.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";
import { pairUp } from "./pairs.ts";
import type { ShadowRun } from "./shadow-run.ts";

const lookEveryMs = 1_000;
const tellEveryMs = 5_000;
/** The servers write their prediction logs several times a second. */
const logDelayMs = 1_000;

type Context = ActionContext<ShadowOutputs>;

/** @param enough told what both sides have answered so far; true when that is enough for a verdict */
export async function mirror(
  inputs: ShadowInputs,
  context: Context,
  candidate: Release,
  enough: (run: ShadowRun) => Promise<boolean>,
): Promise<ShadowRun> {
  const opened = await openTarget(inputs.target, deployedOptions(inputs.resource, context.programs));
  const { stable } = await opened.target.read();
  if (stable === null) throw nothingDeployed(inputs);
  const rollout = randomUUID();
  const request = { holder: context.holder, rollout, ttlMs: leaseTtlMs };
  const lease = await holdLease(opened.ledger, systemClock, request, (message) =>
    context.log.warning(message),
  );
  const take = async (step: JournalStep, work: () => Promise<void>) => {
    lease.lost.throwIfAborted();
    await opened.ledger.write({ at: Date.now(), rollout, holder: context.holder, step });
    await work();
  };
  try {
    await take({ name: "begin", candidate, stable, steps: [] }, async () => {});
    await take({ name: "prepare" }, () => opened.target.prepare(candidate));
    const startedAt = Date.now();
    await take({ name: "mirror", percent: 100 }, () => opened.target.mirror(100));
    context.log.info(
      `${candidate.label} answers a copy of every request to ${stable.label}; nobody sees its answers`,
    );
    const look = () => seen(opened, stable, candidate, startedAt);
    const run = await untilEnough(inputs, context, lease, look, enough);
    await take({ name: "mirror", percent: 0 }, () => opened.target.mirror(0));
    return run;
  } finally {
    await takeAway(opened, take, lease, context);
  }
}

/** The candidate goes, whatever happened; with the lease lost that is somebody else's business. */
async function takeAway(
  { target }: LocalTarget,
  take: (step: JournalStep, work: () => Promise<void>) => Promise<void>,
  lease: HeldLease,
  { log }: Context,
): Promise<void> {
  try {
    await take({ name: "restore", reason: "the shadow has ended", by: "operator" }, () => target.restore());
    await take({ name: "end", stage: "restored", verdict: "inconclusive" }, async () => {});
  } catch (error) {
    log.warning(
      `The candidate was not taken away: ${(error as Error).message}. The guard does it within ${leaseTtlMs / 1000} s.`,
    );
  } finally {
    await lease.release().catch(() => lease.abandon());
  }
}

async function untilEnough(
  inputs: ShadowInputs,
  { log, signal }: Context,
  lease: HeldLease,
  look: () => Promise<ShadowRun>,
  enough: (run: ShadowRun) => Promise<boolean>,
): Promise<ShadowRun> {
  const deadline = Date.now() + inputs.duration;
  let told = 0;
  for (;;) {
    await sleep(Math.min(lookEveryMs, Math.max(0, deadline - Date.now())), undefined, { signal });
    lease.lost.throwIfAborted();
    const run = await look();
    const late = Date.now() >= deadline;
    if (late || Date.now() - told >= tellEveryMs) {
      told = Date.now();
      log.info(
        `${run.pairs.length} answers compared, ${run.unmatched} of stable's without one of the candidate's`,
      );
    }
    if (run.pairs.length >= inputs["min-samples"] && (await enough(run))) return run;
    if (late) return run;
  }
}

async function seen(
  opened: LocalTarget,
  stable: Release,
  candidate: Release,
  startedAt: number,
): Promise<ShadowRun> {
  const counts = await opened.mirrorTelemetry.observe(stable.digest, candidate.digest);
  const settled = Date.now() - logDelayMs;
  const upTo = (release: Release) => before(opened.predictions(release.digest, startedAt), settled);
  const pairs = await pairUp(upTo(stable), upTo(candidate), startedAt);
  return { ...pairs, stable, sent: sentOf(counts), counts, startedAt };
}

/** Younger answers of one side may be in its log while the other's are not: they would look unmatched. */
async function* before<Line extends { at: number }>(
  lines: AsyncIterable<Line>,
  moment: number,
): AsyncGenerator<Line> {
  for await (const line of lines) if (line.at <= moment) yield line;
}

function sentOf(counts: Observation): number {
  return counts.ok ? counts.candidate.requests : 0;
}

function nothingDeployed({ resource }: ShadowInputs): UserError {
  return new UserError(
    `Nothing serves as \`${resource}\`: a shadow needs a stable release to be compared with.`,
    {
      remedy: "Deploy the first release with the action `deploy`.",
    },
  );
}
