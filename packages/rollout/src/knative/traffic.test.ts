import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrafficEntry } from "./service.ts";
import {
  assertOneOwner,
  assertWhole,
  candidateTag,
  followsLatest,
  hasShares,
  percentByRevision,
  rolloutTraffic,
  userTraffic,
} from "./traffic.ts";

const latest: TrafficEntry[] = [{ latestRevision: true, percent: 100 }];
const pinned: TrafficEntry[] = [{ revisionName: "flights-00001", percent: 100, tag: "live" }];
const tags: TrafficEntry[] = [
  { tag: "newest", latestRevision: true },
  { tag: "blue", revisionName: "flights-00000", percent: 0 },
];
const shares = { stable: "flights-00001", candidate: "flights-00002" };

describe("the traffic block of a rollout", () => {
  it("names stable's Revision before there is a candidate, so that none gets traffic by becoming ready", () => {
    const before = { ...shares, candidate: null, candidatePercent: 0 };
    const named = { revisionName: "flights-00001", latestRevision: false, percent: 100 };
    expect(rolloutTraffic(null, before)).toEqual([named]);
    expect(rolloutTraffic(latest, before)).toEqual([named]);
  });

  it("keeps the candidate at 0 % reachable by its tag", () => {
    expect(rolloutTraffic(latest, { ...shares, candidatePercent: 0 })).toEqual([
      { revisionName: "flights-00001", latestRevision: false, percent: 100 },
      { revisionName: "flights-00002", latestRevision: false, percent: 0, tag: candidateTag },
    ]);
  });

  it("keeps the user's tags, and stable's own", () => {
    const block = rolloutTraffic([...tags, ...pinned], { ...shares, candidatePercent: 30 });
    expect(block).toEqual([
      ...tags,
      { revisionName: "flights-00001", latestRevision: false, percent: 70, tag: "live" },
      { revisionName: "flights-00002", latestRevision: false, percent: 30, tag: candidateTag },
    ]);
  });

  it("names a candidate once when it was adopted", () => {
    const adopted = { stable: "flights-00002", candidate: "flights-00002", candidatePercent: 0 };
    expect(rolloutTraffic(null, adopted)).toEqual([
      { revisionName: "flights-00002", latestRevision: false, percent: 100 },
    ]);
  });

  it("leaves out a stable that never was ready when the candidate has it all", () => {
    const block = rolloutTraffic(null, { ...shares, candidatePercent: 100, empty: true });
    expect(block.map(({ revisionName }) => revisionName)).toEqual(["flights-00002"]);
  });

  it("makes 100 % always, and is what the status must show", () => {
    const tagged = fc.record({ tag: fc.string(), revisionName: fc.constant("flights-00000") });
    fc.assert(
      fc.property(
        fc.array(tagged),
        fc.integer({ min: 0, max: 100 }),
        fc.boolean(),
        (user, candidatePercent, own) => {
          const wanted = { ...shares, candidatePercent };
          const block = rolloutTraffic(own ? [...user, ...pinned] : user, wanted);
          const total = [...percentByRevision(block).values()].reduce((sum, each) => sum + each, 0);
          expect(total).toBe(100);
          expect(hasShares(block, wanted)).toBe(true);
          expect(hasShares(block, { ...wanted, candidatePercent: (candidatePercent + 1) % 101 })).toBe(false);
        },
      ),
    );
  });
});

describe("the user's own style", () => {
  it("is given back as it was, with the new Revision where one was named", () => {
    expect(userTraffic(null, "flights-00002")).toBeNull();
    expect(userTraffic([...tags, ...latest], "flights-00002")).toEqual([...tags, ...latest]);
    expect(userTraffic([...tags, ...pinned], "flights-00002")).toEqual([
      ...tags,
      { revisionName: "flights-00002", latestRevision: false, percent: 100, tag: "live" },
    ]);
  });

  it("follows the latest Revision unless it names one", () => {
    expect([null, [], latest, tags, pinned].map(followsLatest)).toEqual([true, true, true, true, false]);
  });
});

describe("what is refused", () => {
  it("is a split of the user's own, by name", () => {
    const split = [
      { revisionName: "flights-00001", percent: 60 },
      { latestRevision: true, percent: 40 },
    ];
    expect(() => assertOneOwner(split, "flights")).toThrow(/flights-00001 60 %, the latest Revision 40 %/);
    for (const fine of [null, [], latest, pinned, [...tags, ...pinned]]) {
      expect(() => assertOneOwner(fine, "flights")).not.toThrow();
    }
  });

  it("is the candidate's tag in the user's hands", () => {
    const taken = [...latest, { tag: candidateTag, revisionName: "flights-00000" }];
    expect(() => assertOneOwner(taken, "flights")).toThrow(/tag ml-candidate for flights-00000/);
  });

  it("is a part of a percent", () => {
    expect(() => assertWhole(0.5)).toThrow(/whole percents, and 0.5 %/);
    expect(() => assertWhole(1)).not.toThrow();
  });
});
