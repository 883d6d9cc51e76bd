import { randomUUID } from "node:crypto";
import { awaitLease } from "./await-lease.ts";
import type { Decision } from "./decide.ts";
import {
  endAfterFault,
  isForGuard,
  nothing,
  promote,
  report,
  restoreStable,
  type Stage,
  stay,
  takeBack,
} from "./ending.ts";
import type { OnEvent, Ports, RolloutResult } from "./events.ts";
import { Listener } from "./listener.ts";
import type { RolloutPlan } from "./plan.ts";
import { resume } from "./resume.ts";
import { Run } from "./run.ts";
import type { Release } from "./target.ts";
import { totalsOf } from "./totals.ts";
import { watch } from "./watch.ts";

/**
 * Puts a candidate into production step by step, or takes it back.
 *
 * lease → what an earlier run left → begin → prepare → for each weight: split, look, judge, decide → bake → promote;
 * or, on a refuted gate, on time running out, on a fault of the target or on cancellation → restore. Every step is in
 * the journal before it is taken. If this process dies at any point, the lease is no longer renewed and the guard
 * beside the target restores stable.
 *
 * @returns how it ended; a candidate that was taken back is a result, not an error
 * @throws RolloutError `lease-held` when another rollout runs and lives, `lease-lost` when it was taken over meanwhile (nothing is
 * touched after that), `restore-failed` when stable could not be restored (the guard will)
 */
export async function rollOut(plan: RolloutPlan, ports: Ports, onEvent: OnEvent): Promise<RolloutResult> {
  const rollout = randomUUID();
  const { ledger, clock } = ports;
  const listener = new Listener(onEvent);
  const trouble = (message: string) => listener.hear({ at: clock.now(), kind: "trouble", message });
  const request = { holder: plan.holder, rollout, ttlMs: plan.leaseTtlMs };
  const lease = await awaitLease(ledger, clock, request, trouble, ports.signal);
  const run = new Run(plan, ports, listener.hear, { rollout, lease });
  run.tell({ kind: "lease", lease: lease.lease });
  const giveBack = () =>
    lease.release().catch((error: Error) => trouble(`the lease was not given back: ${error.message}`));
  const result = await story(run).catch(async (error: unknown) => {
    await (isForGuard(error) ? lease.abandon() : giveBack());
    throw error;
  });
  await giveBack();
  run.tell({ kind: "end", result });
  listener.throwIfFailed();
  return result;
}

async function story(run: Run): Promise<RolloutResult> {
  const { candidate } = run.plan;
  const { target } = run.ports;
  const stage = await takeUp(run);
  if (stage.before?.digest === candidate.digest) {
    return unchanged(run, stage);
  }
  try {
    const steps = [...run.plan.steps];
    await run.take({ name: "begin", candidate, stable: stage.before, steps }, nothing);
    await run.take({ name: "prepare" }, () => target.prepare(candidate));
    return stage.before === null
      ? await promote(
          run,
          stage,
          "first",
          `${candidate.label} is the first release here: nothing to compare with`,
        )
      : await shift(run, stage, stage.before);
  } catch (error) {
    return await endAfterFault(run, stage, error as Error);
  }
}

/** Clears what an earlier rollout left, and says so. */
async function takeUp(run: Run): Promise<Stage> {
  const { ledger, target } = run.ports;
  const journal = await ledger.journal();
  let situation = await target.read();
  const resumption = resume(journal, situation, run.plan.candidate);
  if (resumption.kind !== "clear" || resumption.note !== null) {
    run.tell({ kind: "resumption", resumption });
  }
  if (resumption.kind === "restore") {
    const step = { name: "restore", reason: resumption.note, by: "resume" } as const;
    await run.takeAnyhow(step, () => restoreStable(run));
    situation = await target.read();
  }
  return { before: situation.stable, resumption };
}

async function unchanged(run: Run, stage: Stage): Promise<RolloutResult> {
  const { candidate } = run.plan;
  if (stage.resumption.kind !== "clear") {
    // Closes the journal that the earlier run left open.
    await run.takeAnyhow({ name: "begin", candidate, stable: candidate, steps: [] }, nothing);
    await run.takeAnyhow({ name: "end", stage: "promoted", verdict: "pass" }, nothing);
  }
  const note = stage.resumption.kind === "finished" ? ` (${stage.resumption.note})` : "";
  const reason = `${candidate.label} is stable already: nothing to do${note}`;
  return report(run, stage, { stage: "promoted", verdict: "unchanged", reason, error: null });
}

/** From weight to weight, until a decision ends it. */
async function shift(run: Run, stage: Stage, stable: Release): Promise<RolloutResult> {
  const { plan, ports } = run;
  const first = plan.steps[0] as number;
  await run.foresee(stable.digest);
  let decision: Decision = { kind: "next-step", index: 0, weight: first, reason: "the candidate is ready" };
  for (;;) {
    run.tell({ kind: "decision", decision });
    switch (decision.kind) {
      case "next-step": {
        const { index, weight } = decision;
        await run.take({ name: "split", percent: weight }, () => ports.target.split(weight));
        // One look at the border, so that a window of the judge has one weight.
        await run.observe(weight, stable.digest);
        const start = run.beginStep(weight);
        decision = await watch(run, stable, { name: "step", index, weight, since: ports.clock.now(), start });
        break;
      }
      case "bake": {
        await run.take({ name: "bake", ms: plan.bakeMs }, nothing);
        const start = totalsOf(run.observations);
        decision = await watch(run, stable, { name: "bake", weight: 100, since: ports.clock.now(), start });
        break;
      }
      case "promote":
        return promote(run, stage, "pass", decision.reason);
      case "restore":
        return takeBack(run, stage, { ...decision, error: null });
      case "hold":
        return stay(run, stage, decision.reason);
      case "wait":
        throw new Error("a wait is not an end");
    }
  }
}
