import { parseGates } from "@ml-actions/gates/language";
import { describe, expect, it } from "vitest";
import { releaseNamed } from "./memory.testing.ts";
import { type PlanRequest, planRollout } from "./plan.ts";

const good: PlanRequest = {
  candidate: releaseNamed("flights-2"),
  holder: "run 1",
  steps: [10, 100],
  gates: parseGates("error_rate <= 0.01"),
  rule: "prove",
  confidence: 0.95,
  intervalMs: 10_000,
  stepTimeoutMs: 600_000,
  onInconclusive: "restore",
  bakeMs: 0,
  leaseTtlMs: 15_000,
};

describe("a rollout's plan", () => {
  it("ends at 100 %, also when the steps do not", () => {
    expect(planRollout(good).steps).toEqual([10, 100]);
    expect(planRollout({ ...good, steps: [5, 50] }).steps).toEqual([5, 50, 100]);
  });

  it("asks for one request at each weight where nothing else is said", () => {
    expect(planRollout(good).minSamples).toBe(1);
  });

  it.each([
    [{ steps: [] }, "steps: expected at least one"],
    [{ steps: [0, 50] }, "from 1 to 100, got 0"],
    [{ steps: [50, 101] }, "got 101"],
    [{ steps: [Number.NaN] }, "got NaN"],
    [{ steps: [10, 50, 25] }, "25 follows 50"],
    [{ steps: [10, 10] }, "10 follows 10"],
    [{ gates: [] }, "gates: expected at least one"],
    [{ gates: parseGates("auc >= 0.7") }, 'gates: "auc >= 0.7": auc cannot be had from live counts'],
    [{ confidence: 95 }, "confidence: expected above 0.5 and below 1, got 95"],
    [{ intervalMs: 0 }, "interval"],
    [{ stepTimeoutMs: 5 }, "step-timeout"],
    [{ bakeMs: -1 }, "bake"],
    [{ leaseTtlMs: Number.POSITIVE_INFINITY }, "lease"],
    [{ minSamples: 0.5 }, "min-samples"],
  ])("is refused by name: %o", (change, problem) => {
    expect(() => planRollout({ ...good, ...change })).toThrow(problem);
  });

  it("is refused for everything that is wrong at once", () => {
    const wrong = () => planRollout({ ...good, steps: [], gates: [], bakeMs: -1 });
    expect(wrong).toThrow(/steps[\s\S]*gates[\s\S]*bake/);
  });
});
