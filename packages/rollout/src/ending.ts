/** The ways in which a rollout ends. */
import { RolloutError } from "./error.ts";
import type { RolloutResult } from "./events.ts";
import type { Resumption } from "./resume.ts";
import { Cancelled, type Run } from "./run.ts";
import type { Release } from "./target.ts";
import { since, type Totals, totalsOf } from "./totals.ts";

/** What served when the rollout began, and what an earlier one had left. */
export interface Stage {
  before: Release | null;
  resumption: Resumption;
}

type Ending = Pick<RolloutResult, "stage" | "verdict" | "reason" | "error">;

/** For journal entries that need no act of the target. */
export const nothing = async (): Promise<void> => {};

/** Errors after which only the guard may touch the target. */
export function isForGuard(error: unknown): boolean {
  return error instanceof RolloutError && (error.code === "lease-lost" || error.code === "restore-failed");
}

export async function promote(
  run: Run,
  stage: Stage,
  verdict: "pass" | "first",
  reason: string,
): Promise<RolloutResult> {
  await run.take({ name: "promote" }, () => run.ports.target.promote());
  await run.takeAnyhow({ name: "end", stage: "promoted", verdict }, nothing);
  return report(run, stage, { stage: "promoted", verdict, reason, error: null });
}

/** Leaves the traffic as it is, on purpose: a closed rollout is not the guard's concern. */
export async function stay(run: Run, stage: Stage, reason: string): Promise<RolloutResult> {
  await run.take({ name: "hold", reason }, nothing);
  await run.take({ name: "end", stage: "held", verdict: "inconclusive" }, nothing);
  return report(run, stage, { stage: "held", verdict: "inconclusive", reason, error: null });
}

/** A fault or a cancellation on the way: stable first, then the report. A lost lease is not ours to clean up. */
export async function endAfterFault(run: Run, stage: Stage, error: Error): Promise<RolloutResult> {
  if (isForGuard(error)) {
    throw error;
  }
  const cancelled = error instanceof Cancelled;
  return takeBack(run, stage, {
    reason: error.message,
    verdict: "inconclusive",
    by: cancelled ? "operator" : "judge",
    error: cancelled ? null : error,
  });
}

export async function takeBack(
  run: Run,
  stage: Stage,
  cause: {
    reason: string;
    verdict: "fail" | "inconclusive";
    by: "judge" | "watch" | "operator";
    error: Error | null;
  },
): Promise<RolloutResult> {
  const { reason, verdict, by, error } = cause;
  await run.takeAnyhow({ name: "restore", reason, by }, () => restoreStable(run));
  const affected = affectedOf(await lastTotals(run, stage.before));
  if (error !== null && (await servesCandidate(run))) {
    // The fault came after the promotion was through: there was nothing left to take back.
    const passed = stage.before === null ? "first" : "pass";
    await run.takeAnyhow({ name: "end", stage: "promoted", verdict: passed }, nothing);
    const through = `it serves, though the answer to its promotion was lost: ${reason}`;
    return report(run, stage, { stage: "promoted", verdict: passed, reason: through, error: null }, affected);
  }
  await run.takeAnyhow({ name: "end", stage: "restored", verdict }, nothing);
  return report(run, stage, { stage: "restored", verdict, reason, error }, affected);
}

const restoreAttempts = 3;
const betweenAttemptsMs = 1000;

/** @throws RolloutError `restore-failed` when the target refused every time */
export async function restoreStable(run: Run): Promise<void> {
  const { target, clock } = run.ports;
  for (let attempt = 1; ; attempt++) {
    try {
      return await target.restore();
    } catch (error) {
      const cause = error as Error;
      if (run.lease.lost.aborted || (cause instanceof RolloutError && cause.code.startsWith("lease-"))) {
        throw cause;
      }
      if (attempt === restoreAttempts) {
        throw new RolloutError(
          "restore-failed",
          `Stable could not be restored in ${restoreAttempts} attempts: ${cause.message}`,
          `The guard restores it when the lease ends, within ${run.plan.leaseTtlMs / 1000} s. See that it did.`,
          { cause },
        );
      }
      run.tell({ kind: "trouble", message: `stable could not be restored, trying again: ${cause.message}` });
      await clock.sleep(betweenAttemptsMs);
    }
  }
}

/** Counts after the restore, so that requests that were still under way are known too; those before it where the
 * source cannot tell any more. */
async function lastTotals(run: Run, stable: Release | null): Promise<Totals> {
  const before = totalsOf(run.observations);
  if (stable === null || run.steps.length === 0) {
    return before;
  }
  const after = totalsOf([await run.ask(stable.digest)]);
  const grown = since(before, after);
  const monotone = after.requests.candidate - before.requests.candidate === grown.requests.candidate;
  return monotone && after.requests.candidate > 0 ? after : before;
}

async function servesCandidate(run: Run): Promise<boolean> {
  const situation = await run.ports.target.read().catch(() => null);
  return situation?.stable?.digest === run.plan.candidate.digest;
}

function affectedOf({ failures, nan }: Totals): number {
  return failures.candidate + (nan?.candidate ?? 0);
}

export function report(
  run: Run,
  stage: Stage,
  ending: Ending,
  affectedRequests = affectedOf(totalsOf(run.observations)),
): RolloutResult {
  return {
    rollout: run.rollout,
    ...ending,
    candidate: run.plan.candidate,
    stable: ending.stage === "promoted" ? run.plan.candidate : stage.before,
    before: stage.before,
    startedAt: run.startedAt,
    endedAt: run.ports.clock.now(),
    steps: run.steps,
    phases: run.phases,
    verdicts: run.verdicts,
    wealth: run.judge.wealth(),
    observations: run.observations,
    affectedRequests,
    resumption: stage.resumption.kind === "clear" && stage.resumption.note === null ? null : stage.resumption,
  };
}
