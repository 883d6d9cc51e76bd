/** Examples of what deploy has to report on a cluster: of one resource, and of many. */
import type { WaveResource, WavesReportInput } from "../cluster-inputs.ts";
import type { RolloutReportInput } from "../inputs.ts";
import { flightsImage, run } from "./evaluations.ts";
import { rolloutRestored } from "./rollouts.ts";

export const rolloutOnCluster: RolloutReportInput = {
  ...rolloutRestored,
  target: "gateway",
  resource: "httproute/flights",
  url: "http://flights.example.com",
  cluster: { namespace: "search", name: "production", guard: "lives" },
  outcome: { ...rolloutRestored.outcome, settledMs: 2_340 },
};

function resource(index: number, wave: number, more: Partial<WaveResource> = {}): WaveResource {
  return {
    resource: `httproute/${["flights", "hotels", "trains", "ferries"][index % 4]}-${String(index).padStart(3, "0")}`,
    wave,
    stage: "promoted",
    verdict: "pass",
    reason: "every gate passed at 100 %",
    tookMs: 94_000 + index * 700,
    settledMs: 1_900 + index * 10,
    guard: "lives",
    ...more,
  };
}

const taken = {
  stage: "restored",
  verdict: "fail",
  reason: "`nan_rate <= 0.001`: 13 of 480 answers held NaN",
} as const;
const open = {
  stage: "not-begun",
  verdict: null,
  reason: "httproute/trains-006 was restored before",
  tookMs: null,
  settledMs: null,
  guard: "",
} as const;

/** As the plan of waves has it: 1, 2, 4, 8 … */
const waveOf = (index: number) => Math.floor(Math.log2(index + 1)) + 1;

export function wavesOf(number: number, failing: number | null): WavesReportInput {
  const resources = Array.from({ length: number }, (_, index) => {
    const wave = waveOf(index);
    if (failing === null || index < failing) return resource(index, wave);
    return resource(index, wave, index === failing ? taken : wave > waveOf(failing) ? open : {});
  });
  return {
    target: "gateway",
    cluster: { namespace: "search", name: "production" },
    asked: "httproute -l team=search",
    candidate: flightsImage("2"),
    maxParallel: 5,
    resources,
    run,
  };
}
