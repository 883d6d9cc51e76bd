/** Plays a whole rollout in memory, for tests. */
import { parseGates } from "@ml-actions/gates/language";
import type { RolloutEvent, RolloutResult } from "./events.ts";
import { type MemoryPlace, releaseNamed } from "./memory.testing.ts";
import { type PlanRequest, planRollout, type RolloutPlan } from "./plan.ts";
import { rollOut } from "./rollout.ts";

export const stable = releaseNamed("flights-1");
export const candidate = releaseNamed("flights-2");
export const gates = parseGates(
  "error_rate <= baseline + 0.01, latency.p99 <= baseline * 1.5, nan_rate <= baseline + 0.005",
);

export function planOf(change: Partial<PlanRequest> = {}): RolloutPlan {
  return planRollout({
    candidate,
    holder: "run 1",
    steps: [10, 25, 50],
    gates,
    rule: "prove",
    confidence: 0.95,
    intervalMs: 10_000,
    stepTimeoutMs: 600_000,
    onInconclusive: "restore",
    bakeMs: 0,
    leaseTtlMs: 20_000,
    ...change,
  });
}

export interface Played {
  result: RolloutResult;
  events: RolloutEvent[];
}

/** Plays a rollout; `during` is called with every event, to make things happen on the way. */
export async function play(
  place: MemoryPlace,
  change: Partial<PlanRequest> = {},
  during: (event: RolloutEvent) => void = () => {},
  signal?: AbortSignal,
): Promise<Played> {
  const events: RolloutEvent[] = [];
  const ports = { target: place, ledger: place, telemetry: place, clock: place.clock };
  const result = await place.clock.run(
    rollOut(planOf(change), signal === undefined ? ports : { ...ports, signal }, (event) => {
      events.push(event);
      during(event);
    }),
  );
  return { result, events };
}

/** Whether this step of the journal was just written, and is about to be taken. */
export const journalled = (name: string) => (event: RolloutEvent) =>
  event.kind === "journal" && event.step.name === name;
