/** Looks at both sides' answers until there is a verdict, or until the time is over. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "@ml-actions/action-kit/action";
import { ClusterError } from "@ml-actions/cluster/error";
import type { HeldLease } from "@ml-actions/rollout/lease";
import { coverageOf, percent } from "./coverage.ts";
import type { MirroredAnswers } from "./mirrored-answers.ts";
import { assertComparable } from "./pairing.ts";
import type { Scene } from "./scene.ts";
import type { ShadowRun } from "./shadow-run.ts";

const tellEveryMs = 5_000;
/** Reading labels and judging may take this part of the time, however many answers there are. */
const judgingShare = 0.1;

/** Told what both sides have answered so far: a verdict, or null to wait for more, which `last` may not. */
export type Decide<Decision> = (run: ShadowRun, last: boolean) => Promise<Decision | null>;

export interface Decided<Decision> {
  run: ShadowRun;
  decision: Decision;
}

export async function untilDecided<Decision>(
  scene: Scene,
  { lease, answers }: { lease: HeldLease; answers: MirroredAnswers },
  decide: Decide<Decision>,
): Promise<Decided<Decision>> {
  const { inputs, context, opened } = scene;
  const { log, signal } = context;
  const { lookEveryMs } = opened.mirrored;
  const beganAt = Date.now();
  const deadline = beganAt + inputs.duration;
  let told = 0;
  let judgeFrom = 0;
  let run: ShadowRun | null = null;
  for (;;) {
    await sleep(Math.min(lookEveryMs, Math.max(0, deadline - Date.now())), undefined, { signal });
    lease.lost.throwIfAborted();
    const last = Date.now() >= deadline;
    run = await look(scene, answers, run);
    if (last || Date.now() - told >= tellEveryMs) {
      told = Date.now();
      await assertUnseen(scene);
      const { compared, eligible } = run.tally;
      log.info(`${compared} answers compared of ${eligible} (${percent(coverageOf(run.tally))})`);
    }
    assertComparable(run, answers.seen, Date.now() - beganAt);
    const began = performance.now();
    const due = last || (run.tally.compared >= inputs["min-samples"] && began >= judgeFrom);
    const decision = due ? await decide(run, last) : null;
    if (decision !== null) return { run, decision };
    if (due) judgeFrom = performance.now() + (performance.now() - began) * (1 / judgingShare - 1);
  }
}

/** While the API server is away the last look stands; the lease says when that has been too long. */
async function look(
  { context }: Scene,
  answers: MirroredAnswers,
  before: ShadowRun | null,
): Promise<ShadowRun> {
  try {
    return await answers.look();
  } catch (error) {
    if (before === null || !(error instanceof ClusterError) || error.code !== "unreachable") throw error;
    context.log.warning(`This look is left out: ${error.message}`);
    return before;
  }
}

/** @throws UserError when somebody has given users' requests to the candidate meanwhile */
async function assertUnseen({ opened, candidate, place, context, inputs }: Scene): Promise<void> {
  const situation = await opened.target.read().catch((error: Error) => error);
  if (situation instanceof Error) {
    context.log.warning(`What is routed could not be read: ${situation.message}`);
    return;
  }
  const { candidatePercent, mirrorPercent, ready, why } = situation;
  if (!ready.candidate) {
    const reason = why?.candidate === undefined ? "" : `: ${why.candidate}`;
    context.log.warning(`${candidate.label} is not ready and may answer no copy${reason}`);
  }
  if (candidatePercent > 0) {
    throw new UserError(
      `${place.resource} gives ${candidatePercent} % of users' requests to ${candidate.label}, which was to answer copies alone: somebody else changed it.`,
      { remedy: "See who (its managedFields name them), and run this again. The candidate is taken away." },
    );
  }
  if (mirrorPercent < inputs.percent) {
    throw new UserError(
      `${place.resource} copies ${mirrorPercent} % of the requests to ${candidate.label}, and not ${inputs.percent} %: somebody else changed it.`,
      {
        remedy:
          "See who: a tool that keeps the object as a repository has it takes the mirror away. The candidate is taken away.",
      },
    );
  }
}
