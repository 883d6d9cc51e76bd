import { describe, expect, it } from "vitest";
import { releaseNamed } from "./memory.testing.ts";
import { allWell, inBoth, type Sight, sightOf } from "./sight.ts";
import type { Situation } from "./target.ts";

const [a, b] = [releaseNamed("a"), releaseNamed("b")];
const well: Situation = {
  ...{ stable: a, candidate: b, candidatePercent: 50, mirrorPercent: 0, url: "memory:" },
  ready: { stable: true, candidate: true },
};
const at = Date.UTC(2026, 0, 2, 4, 5, 6);
const see = (change: Partial<Situation>, now = at, before: Sight = allWell): Sight =>
  sightOf({ ...well, ...change }, { digest: b.digest, weight: 50 }, now, before);
const by = (who: string, ours = false) => ({ who, at, ours });

describe("what the objects say", () => {
  it("is nothing while they are as the rollout left them", () => {
    expect(see({})).toEqual(allWell);
    expect(see({ splitBy: by("kubectl") })).toEqual(allWell);
    expect(see({ candidatePercent: 50.9 })).toEqual(allWell);
  });

  it("is a candidate without a ready pod, since when, and what its pods say", () => {
    const down = {
      ready: { stable: true, candidate: false },
      why: { candidate: "container server was OOMKilled" },
    };
    const first = see(down);
    expect(first).toEqual({
      ...allWell,
      candidateDown: {
        since: at,
        text: "the candidate has no ready pod since 04:05:06 UTC: container server was OOMKilled",
      },
    });
    expect(see(down, at + 60_000, first).candidateDown).toEqual(first.candidateDown);
  });

  it("is a candidate that is gone, or another in its place", () => {
    for (const candidate of [null, releaseNamed("c")]) {
      expect(see({ candidate, candidatePercent: 0 })).toMatchObject({
        candidateDown: { text: "the candidate is not there any more since 04:05:06 UTC" },
        edited: null,
      });
    }
  });

  it("is a split that another wrote, with the name and the time", () => {
    expect(see({ candidatePercent: 1, splitBy: by("kubectl-patch") }).edited?.text).toBe(
      "somebody else (kubectl-patch at 04:05:06 UTC) lowered the candidate's share from 50 % to 1 %",
    );
    expect(see({ candidatePercent: 90, splitBy: { ...by("x"), at: null } }).edited?.text).toBe(
      "somebody else (x) raised the candidate's share from 50 % to 90 %",
    );
    expect(see({ strangers: ["flights-b"], splitBy: by("x") }).edited?.text).toBe(
      "somebody else (x at 04:05:06 UTC) gave a share of the traffic to flights-b",
    );
    expect(see({ candidatePercent: 0 }).edited?.text).toMatch(
      /^somebody, whom the target cannot name, lowered/,
    );
  });

  it("is no edit where the last split is ours: pods come and go", () => {
    expect(see({ candidatePercent: 5, splitBy: by("ml-actions", true) })).toEqual(allWell);
  });

  it("counts when two looks in a row find it", () => {
    const down = see({ ready: { stable: false, candidate: false } });
    expect(inBoth(down, allWell)).toEqual(allWell);
    expect(inBoth(allWell, down)).toEqual(allWell);
    expect(inBoth(down, down)).toEqual(down);
  });
});
