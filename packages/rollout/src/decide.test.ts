import type { Observation, VerdictName } from "@ml-actions/gates/types";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, type Phase } from "./decide.ts";
import { releaseNamed } from "./memory.testing.ts";
import type { Judged } from "./patience.ts";
import type { RolloutPlan } from "./plan.ts";
import { allWell } from "./sight.ts";
import { noTraffic } from "./totals.ts";

const plan: RolloutPlan = {
  candidate: releaseNamed("flights-2"),
  holder: "run 1",
  steps: [10, 50, 100],
  gates: [],
  rule: "prove",
  confidence: 0.95,
  intervalMs: 10_000,
  minSamples: 1,
  stepTimeoutMs: 600_000,
  onInconclusive: "restore",
  bakeMs: 0,
  leaseTtlMs: 15_000,
};

function verdict(name: VerdictName): Judged {
  return {
    gate: "error_rate <= 0.01",
    metric: "error_rate",
    verdict: name,
    rule: "prove",
    observed: 0,
    baseline: 0,
    bound: 0.01,
    interval: null,
    n: 100,
    reason: `it is ${name}`,
    outlook: null,
  };
}

function counts(stable: number, candidate: number): Observation {
  const side = (requests: number) => ({ requests, errors: 0, nan: 0, latency: null });
  return { at: 0, ok: true, stable: side(stable), candidate: side(candidate) };
}

const outage: Observation = { at: 0, ok: false, problem: "outage", detail: "refused" };
const atStep = (index: number): Phase => ({
  name: "step",
  index,
  weight: plan.steps[index] as number,
  since: 0,
  start: noTraffic,
});
const baking: Phase = { name: "bake", weight: 100, since: 0, start: noTraffic };

describe("a decision", () => {
  it("goes to the next weight, then promotes", () => {
    const go = (index: number) =>
      decide(atStep(index), [verdict("pass")], [counts(90, 10)], 1, plan, allWell);
    expect(go(0)).toMatchObject({ kind: "next-step", index: 1, weight: 50 });
    expect(go(1)).toMatchObject({ kind: "next-step", index: 2, weight: 100 });
    expect(go(2)).toMatchObject({ kind: "promote" });
  });

  it("bakes between 100 % and promotion, for as long as the plan says", () => {
    const baked = { ...plan, bakeMs: 60_000 };
    const pass = [verdict("pass")];
    expect(decide(atStep(2), pass, [counts(0, 10)], 1, baked, allWell).kind).toBe("bake");
    expect(decide(baking, pass, [counts(0, 10)], 59_999, baked, allWell).kind).toBe("wait");
    expect(decide(baking, pass, [counts(0, 10)], 60_000, baked, allWell).kind).toBe("promote");
  });

  it("restores on any failed gate, in any phase, whatever else holds", () => {
    for (const phase of [atStep(0), atStep(2), baking]) {
      for (const newest of [counts(90, 10), outage]) {
        expect(decide(phase, [verdict("pass"), verdict("fail")], [newest], 1, plan, allWell)).toEqual({
          kind: "restore",
          reason: "it is fail",
          verdict: "fail",
          by: "judge",
        });
      }
    }
  });

  it("waits on what is inconclusive until the time is up, then does what the plan says", () => {
    const open = [verdict("pass"), verdict("inconclusive")];
    expect(decide(atStep(0), open, [counts(90, 10)], 599_999, plan, allWell)).toEqual({
      kind: "wait",
      reason: "it is inconclusive",
    });
    expect(decide(atStep(0), open, [counts(90, 10)], 600_000, plan, allWell)).toMatchObject({
      kind: "restore",
      verdict: "inconclusive",
    });
    const hold = { ...plan, onInconclusive: "hold" as const };
    expect(decide(atStep(0), open, [counts(90, 10)], 600_000, hold, allWell).kind).toBe("hold");
  });

  it("does not go on while the newest observation could not be made, even with every gate passed", () => {
    const decision = decide(atStep(0), [verdict("pass")], [counts(90, 10), outage], 1, plan, allWell);
    expect(decision).toEqual({ kind: "wait", reason: "telemetry: outage (refused)" });
  });

  it("asks each side with traffic for its samples since this weight began", () => {
    const wants = { ...plan, minSamples: 50 };
    const start = { ...noTraffic, requests: { stable: 1000, candidate: 100 } };
    const pass = [verdict("pass")];
    expect(decide({ ...atStep(1), start }, pass, [counts(1049, 300)], 1, wants, allWell)).toEqual({
      kind: "wait",
      reason: "stable has had 49 of 50 requests at 50 %",
    });
    expect(decide({ ...atStep(1), start }, pass, [counts(1050, 150)], 1, wants, allWell).kind).toBe(
      "next-step",
    );
    expect(decide({ ...atStep(2), start }, pass, [counts(1000, 150)], 1, wants, allWell).kind).toBe(
      "promote",
    );
  });

  it("never goes on at a weight that the candidate got no request at", () => {
    const start = { ...noTraffic, requests: { stable: 90, candidate: 10 } };
    const decision = decide({ ...atStep(1), start }, [verdict("pass")], [counts(200, 10)], 1, plan, allWell);
    expect(decision).toEqual({ kind: "wait", reason: "candidate has had 0 of 1 requests at 50 %" });
  });

  it("moves forward only on passes, and ends every phase in time", () => {
    const names = fc.constantFrom<VerdictName>("pass", "fail", "inconclusive");
    const observation = fc.oneof(
      fc.constant(outage),
      fc.tuple(fc.nat(1000), fc.nat(1000)).map(([stable, candidate]) => counts(stable, candidate)),
    );
    fc.assert(
      fc.property(
        fc.array(names, { minLength: 1, maxLength: 4 }),
        fc.array(observation, { maxLength: 4 }),
        fc.nat(1_000_000),
        fc.constantFrom(atStep(0), atStep(1), atStep(2), baking),
        (verdicts, observations, now, phase) => {
          const { kind } = decide(phase, verdicts.map(verdict), observations, now, plan, allWell);
          const forward = kind === "next-step" || kind === "promote" || kind === "bake";
          expect(forward && verdicts.some((name) => name !== "pass")).toBe(false);
          expect(forward && observations.at(-1)?.ok !== true).toBe(false);
          expect(kind === "wait" && now >= plan.stepTimeoutMs).toBe(false);
          expect(verdicts.includes("fail")).toBe(kind === "restore" && verdicts.includes("fail"));
        },
      ),
      { seed: 1 },
    );
  });
});
