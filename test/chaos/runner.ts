/** A rollout as a job has it, in a process of its own that can be killed, stopped and given a wrong clock. Every event of
 * the rollout goes to the parent; at its end comes the result, or the error. */
import { parseGates } from "@ml-actions/gates/language";
import { systemClock } from "@ml-actions/rollout/clock";
import type { RolloutEvent } from "@ml-actions/rollout/events";
import { planRollout } from "@ml-actions/rollout/plan";
import { rollOut } from "@ml-actions/rollout/rollout";
import type { Release } from "@ml-actions/rollout/target";
import { type KubernetesTargetName, openTarget } from "@ml-actions/rollout/targets/index";

/** A step of the journal: `written`, about to be taken; or `taken` and proven. */
export interface Moment {
  step: string;
  percent?: number;
  when: "written" | "taken";
}

export interface Errand {
  target: KubernetesTargetName;
  namespace: string;
  kubeconfig: string;
  guardProgram: string;
  guardImage: string;
  candidate: Release;
  holder: string;
  /** The runner sends it to itself at that moment: from outside it would come too late. */
  signal?: { at: Moment; name: "SIGKILL" | "SIGSTOP" };
  /** `error_rate <= 0.3` unless told otherwise. */
  gates?: string;
  /** Where a Prometheus is that counts; the pods' own counters unless told otherwise. */
  prometheus?: string;
  readyTimeoutMs?: number;
  stepTimeoutMs?: number;
}

export type Word =
  | { kind: "event"; event: RolloutEvent }
  | { kind: "result"; stage: string; reason: string }
  | { kind: "error"; message: string };

export function isAt(event: RolloutEvent, { step, percent, when }: Moment): boolean {
  if (event.kind !== (when === "written" ? "journal" : "done") || event.step.name !== step) return false;
  return percent === undefined || ("percent" in event.step && event.step.percent === percent);
}

const say = (word: Word) => new Promise((resolve) => process.send?.(word, resolve));

async function main(errand: Errand): Promise<void> {
  const { target: name, signal, candidate, holder, guardImage, prometheus, ...place } = errand;
  const { gates = "error_rate <= 0.3", readyTimeoutMs = 90_000, stepTimeoutMs = 30_000 } = errand;
  const { target, ledger, telemetry, close } = await openTarget(name, {
    ...{ name: "flights", namespace: place.namespace, kubeconfig: place.kubeconfig },
    ...{ guard: "required", guardProgram: place.guardProgram, guardImage: { image: guardImage } },
    ...{ readyTimeoutMs, ...(prometheus !== undefined && { prometheus }) },
    onTrouble: (message) => console.error(message),
  });
  const plan = planRollout({
    ...{ candidate, holder, steps: [25, 50, 100], gates: parseGates(gates) },
    ...{ rule: "prove", confidence: 0.95, intervalMs: 1_000, minSamples: 10, stepTimeoutMs },
    ...{ onInconclusive: "restore", bakeMs: 2_000, leaseTtlMs: 20_000 },
  });
  try {
    const result = await rollOut(plan, { target, ledger, telemetry, clock: systemClock }, (event) => {
      void say({ kind: "event", event });
      if (signal !== undefined && isAt(event, signal.at)) process.kill(process.pid, signal.name);
    });
    await say({ kind: "result", stage: result.stage, reason: result.reason });
  } catch (error) {
    await say({ kind: "error", message: (error as Error).message });
  } finally {
    close();
    process.disconnect?.();
  }
}

// No runner outlives the suite.
process.once("disconnect", () => process.exit());
const errand = process.argv[2];
if (errand !== undefined) await main(JSON.parse(errand) as Errand);
