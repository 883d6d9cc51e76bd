/** mode `mirror`: the candidate gets a copy of every live request; its answers reach nobody. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { systemClock } from "@ml-actions/rollout/clock";
import { type HeldLease, holdLease } from "@ml-actions/rollout/lease";
import type { JournalStep, Release } from "@ml-actions/rollout/target";
import { openTarget } from "@ml-actions/rollout/targets/index";
import type { LocalTarget } from "@ml-actions/rollout/targets/local";
import { deployedOptions, leaseTtlMs } from "../../local-state.ts";
import { coverageOf, percent } from "./coverage.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";
import { MirroredAnswers } from "./mirrored-answers.ts";
import type { ShadowRun } from "./shadow-run.ts";

const lookEveryMs = 1_000;
const tellEveryMs = 5_000;
/** Reading labels and judging may take this part of the time, however many answers there are. */
const judgingShare = 0.1;

type Context = ActionContext<ShadowOutputs>;

/** Told what both sides have answered so far: a verdict, or null to wait for more, which `last` may not. */
export type Decide<Decision> = (run: ShadowRun, last: boolean) => Promise<Decision | null>;

export interface Mirrored<Decision> {
  run: ShadowRun;
  decision: Decision;
}

/** @param widthFor numbers an answer of this release, once it is known; it may refuse the comparison */
export async function mirror<Decision>(
  inputs: ShadowInputs,
  context: Context,
  candidate: Release,
  { widthFor, decide }: { widthFor: (stable: Release) => Promise<number>; decide: Decide<Decision> },
): Promise<Mirrored<Decision>> {
  const opened = await openTarget("local", deployedOptions(inputs.resource.text, context.programs));
  const { stable } = await opened.target.read();
  if (stable === null) throw nothingDeployed(inputs);
  const width = await widthFor(stable);
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
    await take({ name: "mirror", percent: 100 }, () => opened.target.mirror(100));
    const answers = new MirroredAnswers(opened, { stable, candidate, width, copiesFromMs: Date.now() });
    context.log.info(
      `${candidate.label} answers a copy of every request to ${stable.label}; nobody sees its answers`,
    );
    const mirrored = await untilDecided(inputs, context, lease, answers, decide);
    await take({ name: "mirror", percent: 0 }, () => opened.target.mirror(0));
    return mirrored;
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

async function untilDecided<Decision>(
  inputs: ShadowInputs,
  { log, signal }: Context,
  lease: HeldLease,
  answers: MirroredAnswers,
  decide: Decide<Decision>,
): Promise<Mirrored<Decision>> {
  const deadline = Date.now() + inputs.duration;
  let told = 0;
  let judgeFrom = 0;
  for (;;) {
    await sleep(Math.min(lookEveryMs, Math.max(0, deadline - Date.now())), undefined, { signal });
    lease.lost.throwIfAborted();
    const run = await answers.look();
    const last = Date.now() >= deadline;
    if (last || Date.now() - told >= tellEveryMs) {
      told = Date.now();
      const { compared, eligible } = run.tally;
      log.info(`${compared} answers compared of ${eligible} (${percent(coverageOf(run.tally))})`);
    }
    const began = performance.now();
    const due = last || (run.tally.compared >= inputs["min-samples"] && began >= judgeFrom);
    const decision = due ? await decide(run, last) : null;
    if (decision !== null) return { run, decision };
    if (due) judgeFrom = performance.now() + (performance.now() - began) * (1 / judgingShare - 1);
  }
}

function nothingDeployed({ resource }: ShadowInputs): UserError {
  return new UserError(
    `Nothing serves as \`${resource.text}\`: a shadow needs a stable release to be compared with.`,
    {
      remedy: "Deploy the first release with the action `deploy`.",
    },
  );
}
