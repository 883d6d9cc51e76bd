import { judge } from "@ml-actions/gates/judge";
import { healthy, observe, randomFrom, rollout } from "@ml-actions/gates/judge/traffic.testing";
import { parseGates } from "@ml-actions/gates/language";
import type { Observation } from "@ml-actions/gates/types";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packHistogram, unpackHistogram } from "./histogram-runs.ts";
import { rolloutRecord } from "./rollout-record.ts";
import { packWindows, unpackWindows, windowsSchema } from "./windows.ts";

const gates = parseGates(
  "error_rate <= baseline + 0.01, latency.p99 <= baseline * 1.5, nan_rate <= 0.01, score_drift <= 0.1",
);
const scored = { ...healthy, scores: { mean: -1, sd: 1 } };

function roundTrip(observations: readonly Observation[], of = gates): Observation[] {
  const windows = windowsSchema.parse(JSON.parse(JSON.stringify(packWindows(of, observations))));
  const unpacked = unpackWindows(windows);
  if (typeof unpacked === "string") throw new Error(unpacked);
  return unpacked;
}

const count = fc.oneof(fc.nat(500), fc.constantFrom(0, Number.NaN, Infinity, -1, 0.5));
const bounds = fc.constantFrom<readonly number[]>([1, 2, 5], [1, 10, 100], [], [3, 2, 1], [1, Number.NaN, 4]);
const histogram = fc.option(
  fc.record({
    bounds,
    counts: fc.oneof(fc.array(fc.nat(30), { minLength: 4, maxLength: 4 }), fc.array(count, { maxLength: 5 })),
  }),
);
const side = fc
  .record({ requests: count, errors: count, nan: fc.option(count), latency: histogram, scores: histogram })
  .map(({ latency, ...rest }) => ({
    ...rest,
    latency: latency && { boundsMs: latency.bounds, counts: latency.counts },
  }));
const observation: fc.Arbitrary<Observation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ at: fc.nat(1e6), ok: fc.constant(true as const), stable: side, candidate: side }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      at: fc.nat(1e6),
      ok: fc.constant(false as const),
      problem: fc.constantFrom("outage", "no-traffic", "ambiguous", "not-a-number"),
      detail: fc.string(),
    }),
  },
);

describe("recorded windows", () => {
  it("come back as they were, times and problems included", () => {
    const windows = rollout({
      weights: [10, 50],
      windowsPerStep: 5,
      perWindow: 300,
      stable: scored,
      candidate: scored,
    });
    const observations: Observation[] = [
      ...observe(windows, randomFrom(1)),
      { at: 105_500, ok: false, problem: "ambiguous", detail: "two series" },
    ];
    expect(roundTrip(observations)).toEqual(observations);
  });

  it("give the judge the same verdicts, whatever a broken source sent", () => {
    const options = { rule: "prove", confidence: 0.95 } as const;
    const verdicts = (observations: readonly Observation[]) =>
      // A histogram that is refused may be refused for another reason.
      judge(gates, observations, options).map(({ reason: _, ...verdict }) => verdict);
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 8 }), (observations) => {
        expect(verdicts(roundTrip(observations))).toEqual(verdicts(observations));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it("leave out what no gate reads", () => {
    const windows = rollout({
      weights: [10],
      windowsPerStep: 2,
      perWindow: 300,
      stable: scored,
      candidate: scored,
    });
    const back = roundTrip(observe(windows, randomFrom(1)), parseGates("error_rate <= 0.01"));
    expect(back[1]).toMatchObject({ candidate: { requests: 60, nan: null, latency: null } });
    expect(back[1]).not.toHaveProperty("candidate.scores");
  });

  it("pack a histogram into runs, and unpack no more than it has", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 40 }), (counts) => {
        expect(unpackHistogram(packHistogram(0, counts), counts.length)).toEqual(counts);
      }),
    );
    expect(packHistogram(2, [0, 0, 5, 1, 0, 7, 0, 0])).toEqual([2, -2, 5, 1, -1, 7]);
    for (const runs of [
      [0, 1, 1, 1, 1],
      [0, -4],
      [0, -2, 1, 1],
      [0, 0],
      [0, -Number.MAX_SAFE_INTEGER],
    ]) {
      expect(unpackHistogram(runs, 3)).toBeNull();
    }
  });
});

it("are refused when a small file would unpack to gigabytes", () => {
  const bounds = [Array.from({ length: 10_000 }, (_, i) => i)];
  const side: [number, number, null, number[], null] = [1, 0, null, [0, 1], null];
  const looks = Array.from({ length: 4_000 }, (): [number, typeof side, typeof side] => [1, side, side]);
  expect(unpackWindows({ start: 0, bounds, looks })).toBe("looks unpack to more than 64 million counts");
});

describe("the record of a rollout", () => {
  const facts = { steps: [10, 100], minSamples: 1, stepTimeoutMs: 1, bakeMs: 0, phases: [], wealth: [] };

  it("of an hour looked at every second with 30 buckets has less than 1 MB", () => {
    const thirty = Array.from({ length: 30 }, (_, i) => 1.3 ** i);
    const windows = rollout({
      weights: [10, 25, 50, 100],
      windowsPerStep: 900,
      perWindow: 100,
      stable: healthy,
      candidate: healthy,
      intervalMs: 1000,
    });
    const observations = observe(windows, randomFrom(1), thirty);
    const three = gates.slice(0, 3);
    const points = observations.map(({ at }) => ({ at, fail: -Math.PI, pass: Math.E }));
    const wealth = three.map(({ text }) => ({ gate: text, needed: { pass: 3, fail: 4 }, points }));
    const record = rolloutRecord(three, { ...facts, observations, wealth });
    expect(record.windows?.looks).toHaveLength(3600);
    expect(JSON.stringify(record).length).toBeLessThan(1_000_000);
  });

  it("that is too large keeps no look rather than some, and says so", () => {
    const boundsMs = Array.from({ length: 2000 }, (_, i) => i + 1);
    const observations = Array.from({ length: 700 }, (_, at): Observation => {
      const latency = { boundsMs, counts: [...boundsMs.map(() => at * 1111), 0] };
      const counts = { requests: at, errors: 0, nan: 0, latency };
      return { at, ok: true, stable: counts, candidate: counts };
    });
    const record = rolloutRecord(gates, { ...facts, observations });
    expect(record.windows).toBeNull();
    expect(record.notKept).toMatch(/700 looks take \d+\.\d MiB, at most 12 MiB are kept/);
  });
});
