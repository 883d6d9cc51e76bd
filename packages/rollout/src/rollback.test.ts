import { describe, expect, it } from "vitest";
import { RolloutError } from "./error.ts";
import { MemoryPlace, releaseNamed } from "./memory.testing.ts";
import { chooseGoal, rollBack } from "./rollback.ts";
import type { HistoryEntry } from "./target.ts";

const first = releaseNamed("flights-1");
const second = releaseNamed("flights-2");
const third = releaseNamed("flights-3");

/** A place where these releases were stable one after another, the last one is. */
function placeWith(...releases: [...ReturnType<typeof releaseNamed>[]]): MemoryPlace {
  const place = new MemoryPlace(releases.at(-1) ?? null);
  place.releases = releases
    .map(
      (release, index): HistoryEntry => ({
        release,
        promotedAt: index,
        verdict: "pass",
        rollout: `r${index}`,
      }),
    )
    .reverse();
  return place;
}

function back(place: MemoryPlace, to: string) {
  const ports = { target: place, ledger: place, clock: place.clock };
  return place.clock.run(rollBack({ to, holder: "an operator", leaseTtlMs: 20_000 }, ports, () => {}));
}

describe("a rollback", () => {
  it("makes the release before stable again", async () => {
    const place = placeWith(first, second);
    expect(await back(place, "previous")).toMatchObject({
      how: "rolled-back",
      restored: first,
      from: second,
      reason: "flights-1 is stable again in place of flights-2",
      tookOverFrom: null,
    });
    expect(place.acts).toEqual(["prepare flights-1", "promote"]);
    expect(place.situation).toMatchObject({ stable: first, candidate: null });
    expect(place.journalled).toEqual(["begin", "prepare", "promote", "end"]);
    expect(place.held).toBeNull();
    expect(place.guarded).toEqual([]);
  });

  it("skips the release that serves now, however often it is in the history", async () => {
    const place = placeWith(first, second, first, second);
    expect(await back(place, "previous")).toMatchObject({ restored: first });
  });

  it("finds any release of the history by its digest", async () => {
    const place = placeWith(first, second, third);
    expect(await back(place, first.digest)).toMatchObject({ restored: first, from: third });
  });

  it("has nothing to do when the release serves already", async () => {
    const place = placeWith(first, second);
    expect(await back(place, second.digest)).toMatchObject({ how: "unchanged", restored: second });
    expect(place.acts).toEqual([]);
  });

  it("takes back the candidate of a rollout under way", async () => {
    const place = placeWith(first, second);
    await place.prepare(third);
    await place.split(25);
    await place.hold({ holder: "run 1", rollout: "r9", ttlMs: 60_000 });
    expect(await back(place, "previous")).toMatchObject({
      how: "taken-back",
      restored: second,
      from: third,
      tookOverFrom: "run 1",
    });
    expect(place.situation).toMatchObject({ stable: second, candidate: null, candidatePercent: 0 });
  });

  it("takes back the candidate first when an older release is asked for meanwhile", async () => {
    const place = placeWith(first, second);
    await place.prepare(third);
    await place.split(25);
    place.acts = [];
    expect(await back(place, first.digest)).toMatchObject({ how: "rolled-back", restored: first });
    expect(place.acts).toEqual(["restore", "prepare flights-1", "promote"]);
  });

  it("leaves stable alone when the older release does not come up, and says why", async () => {
    const place = placeWith(first, second);
    place.prepare = () => Promise.reject(new RolloutError("not-ready", "flights-1 did not answer", "Look."));
    await expect(back(place, "previous")).rejects.toMatchObject({ code: "not-ready" });
    expect(place.situation).toMatchObject({ stable: second, candidate: null });
    expect(place.held).toBeNull();
  });

  it.each([
    ["previous", [first], "no other has been stable here"],
    [third.digest, [first, second], `No release with the digest ${third.digest}`],
    ["sha256:nonsense", [first, second], "No release with the digest"],
    ["__proto__", [first, second], "No release with the digest"],
  ])("to %s is refused where it never was", async (to, releases, message) => {
    const place = placeWith(...releases);
    await expect(back(place, to)).rejects.toMatchObject({
      code: "no-previous",
      message: expect.stringContaining(message),
    });
    expect(place.acts).toEqual([]);
    expect(place.held).toBeNull();
  });

  it("stops nobody for a release that never was here", async () => {
    const place = placeWith(first, second);
    await place.prepare(third);
    await place.hold({ holder: "run 1", rollout: "r9", ttlMs: 60_000 });
    await expect(back(place, "sha256:typo")).rejects.toMatchObject({ code: "no-previous" });
    expect(place.held?.holder).toBe("run 1");
  });

  it("names what there is to choose from", () => {
    const place = placeWith(first, second);
    expect(() => chooseGoal(third.digest, place.situation, place.releases)).toThrow(RolloutError);
    try {
      chooseGoal(third.digest, place.situation, place.releases);
    } catch (error) {
      expect((error as RolloutError).remedy).toContain(`flights-1 (${first.digest})`);
    }
  });
});
