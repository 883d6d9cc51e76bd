/** Short ways to ask the judge, for tests. */
import { type JudgeOptions, judge, type OnlineVerdict } from "../judge.ts";
import { parseGate, parseGates } from "../language.ts";
import type { Observation, SideCounts } from "../types.ts";
import { type Behaviour, healthy, observe, randomFrom, rollout, type Window } from "./traffic.testing.ts";

export const defaults = parseGates(
  "error_rate <= baseline + 0.01, latency.p99 <= baseline * 1.5, nan_rate <= baseline + 0.005",
);
export const prove: JudgeOptions = { rule: "prove", confidence: 0.95 };

export function side(requests: number, errors = 0, nan: number | null = 0): SideCounts {
  const boundsMs = [10, 15, 20, 30, 45, 60];
  return { requests, errors, nan, latency: { boundsMs, counts: [requests - errors, 0, 0, 0, 0, 0, 0] } };
}

export function seen(at: number, stable: SideCounts, candidate: SideCounts): Observation {
  return { at, ok: true, stable, candidate };
}

export function one(gate: string, observations: Observation[], options = prove): OnlineVerdict {
  return judge([parseGate(gate)], observations, options)[0] as OnlineVerdict;
}

export function play(
  candidate: Behaviour,
  seed: number,
  change: Partial<Parameters<typeof rollout>[0]> = {},
): Observation[] {
  const windows: Window[] = rollout({
    weights: [10, 25, 50, 100],
    windowsPerStep: 20,
    perWindow: 1000,
    stable: healthy,
    candidate,
    ...change,
  });
  return observe(windows, randomFrom(seed));
}
