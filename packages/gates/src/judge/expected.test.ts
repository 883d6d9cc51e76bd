import { describe, expect, it } from "vitest";
import { Judge } from "../judge.ts";
import { parseGate, parseGates } from "../language.ts";
import type { Observation } from "../types.ts";
import { defaults, prove } from "./asking.testing.ts";
import { expectedNeeds } from "./expected.ts";
import { type Behaviour, healthy, noCounts, observe, randomFrom, serve } from "./traffic.testing.ts";

const boundsMs = Array.from({ length: 24 }, (_, index) => Math.round(50 * 1.25 ** index) / 10);
const behaviour: Behaviour = { ...healthy, errors: 0.001 };
const past = serve(noCounts(boundsMs), 20_000, behaviour, randomFrom(3));
const needs = (gates: string, share: number, options = prove) =>
  expectedNeeds(parseGates(gates), options, past, share).map(({ requests }) => requests);

/** The middle of what it took in so many simulated rollouts. */
function simulated(gate: string, share: number, runs: number): number {
  const took = Array.from({ length: runs }, (_, run) => {
    const window = {
      stable: 100 * (1 - share),
      candidate: 100 * share,
      behaviour: { stable: behaviour, candidate: behaviour },
    };
    const windows = Array.from({ length: Math.ceil(4000 / (100 * share)) }, (_, at) => ({
      ...window,
      atMs: at,
    }));
    const judge = new Judge([parseGate(gate)], prove);
    const proven = observe(windows, randomFrom(run), boundsMs).find((observation: Observation) => {
      judge.look(observation);
      return judge.verdicts()[0]?.verdict === "pass";
    });
    return proven?.ok === true ? proven.candidate.requests : Infinity;
  });
  return took.sort((left, right) => left - right)[Math.floor(runs / 2)] as number;
}

describe("what a proof will take", () => {
  it.each(defaults.flatMap(({ text }) => [0.1, 0.5].map((share) => [text, share] as const)))(
    "%s at a share of %s: about what simulated rollouts took",
    (gate, share) => {
      const [expected = 0] = needs(gate, share);
      const median = simulated(gate, share, 31);
      expect(expected / median).toBeGreaterThan(0.75);
      expect(expected / median).toBeLessThan(1.35);
    },
  );

  it("grows with a narrower margin, and with a worse stable", () => {
    const [wide = 0, narrow = 0] = needs(
      "error_rate <= baseline + 0.02, error_rate <= baseline + 0.005",
      0.1,
    );
    expect(narrow / wide).toBeGreaterThan(3);
    const worse = serve(noCounts(boundsMs), 20_000, { ...behaviour, errors: 0.03 }, randomFrom(3));
    const [bad] = expectedNeeds(parseGates("error_rate <= baseline + 0.01"), prove, worse, 0.1);
    expect(bad?.requests).toBeGreaterThan(3 * (needs("error_rate <= baseline + 0.01", 0.1)[0] ?? 0));
  });

  it("says nothing of what is not to be proven, can never be, or of too little that is known", () => {
    expect(needs("error_rate <= baseline + 0.01 [refute]", 0.1)).toEqual([]);
    expect(needs("nan_rate <= 0, error_rate <= baseline", 0.1)).toEqual([]);
    const few = serve(noCounts(boundsMs), 499, behaviour, randomFrom(3));
    expect(expectedNeeds(defaults, prove, few, 0.1)).toEqual([]);
    const untimed = { ...past, latency: null, nan: null };
    expect(expectedNeeds(defaults, prove, untimed, 0.1)).toHaveLength(1);
  });
});
