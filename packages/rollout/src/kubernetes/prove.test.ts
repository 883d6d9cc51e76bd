import { expect, it } from "vitest";
import { withinBinomial } from "./binomial.ts";
import type { Probe } from "./probe.ts";
import { fits, proveShares, type ShareClaim } from "./prove.ts";

const claim: ShareClaim = {
  url: "http://flights",
  request: { path: "/ready" },
  stable: "sha256:a",
  candidate: "sha256:b",
  candidatePercent: 10,
  stableIsUnnamed: false,
  timeoutMs: 20,
};

it.each([
  // Bounds from exact sums over math.comb in Python 3.11: the first count from either end with a tail of 0.05 %.
  [400, 0.1, 22, 61],
  [400, 0.5, 167, 233],
  [1000, 0.25, 206, 296],
])("takes of %i at %f what a binomial gives in 999 of 1000 samples", (trials, share, low, high) => {
  expect(withinBinomial(low, trials, share)).toBe(true);
  expect(withinBinomial(high, trials, share)).toBe(true);
  expect(withinBinomial(low - 1, trials, share)).toBe(false);
  expect(withinBinomial(high + 1, trials, share)).toBe(false);
});

it("wants every answer at 0 and at 100 %", () => {
  expect(withinBinomial(0, 100, 0)).toBe(true);
  expect(withinBinomial(1, 100, 0)).toBe(false);
  expect(withinBinomial(99, 100, 1)).toBe(false);
});

it("believes no sample with answers of others, and no empty one", () => {
  const seen = (entries: Record<string, number>) => new Map(Object.entries(entries));
  expect(fits(seen({ "sha256:a": 360, "sha256:b": 40 }), claim)).toBe(true);
  expect(fits(seen({ "sha256:a": 359, "sha256:b": 40, "[503]": 1 }), claim)).toBe(false);
  expect(fits(seen({ "sha256:a": 359, "sha256:b": 40, "": 1 }), claim)).toBe(false);
  expect(fits(seen({}), claim)).toBe(false);
});

it("takes answers without a name as those of a stable that was never told one", () => {
  const seen = new Map([
    ["", 360],
    ["sha256:b", 40],
  ]);
  expect(fits(seen, claim)).toBe(false);
  expect(fits(seen, { ...claim, stableIsUnnamed: true })).toBe(true);
});

it("asks again until a sample fits, and says who answered when none does", async () => {
  let asked = 0;
  const probe: Probe = {
    ask: async () => new Map([[asked++ < 1 ? "[ECONNREFUSED]" : "sha256:a", 100]]),
  };
  await proveShares(probe, { ...claim, candidatePercent: 0, timeoutMs: 5_000 });
  expect(asked).toBe(2);
  const wrong: Probe = { ask: async () => new Map([["sha256:a", 400]]) };
  await expect(proveShares(wrong, claim)).rejects.toMatchObject({
    code: "not-routed",
    message: expect.stringContaining("stable 400"),
  });
});
