import { healthy } from "@ml-actions/gates/judge/traffic.testing";
import { describe, expect, it } from "vitest";
import { RolloutError } from "./error.ts";
import type { RolloutEvent } from "./events.ts";
import { MemoryPlace } from "./memory.testing.ts";
import { candidate, journalled, play, stable } from "./play.testing.ts";

describe("a rollout ends", () => {
  it("makes the first release stable at once and says that there was nothing to compare with", async () => {
    const place = new MemoryPlace(null);
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "first", before: null, steps: [] });
    expect(result.reason).toContain("nothing to compare with");
    expect(place.acts).toEqual(["prepare flights-2", "promote"]);
  });

  it("changes nothing when the candidate is stable already", async () => {
    const place = new MemoryPlace(candidate);
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "unchanged" });
    expect(place.acts).toEqual([]);
    expect(place.entries).toEqual([]);
    expect(place.held).toBeNull();
  });

  it("restores at once when it is cancelled, at every step", async () => {
    for (const step of ["begin", "prepare", "split", "bake"]) {
      const place = new MemoryPlace(stable);
      const cancel = new AbortController();
      const { result } = await play(
        place,
        { bakeMs: 60_000 },
        (event) => journalled(step)(event) && cancel.abort(),
        cancel.signal,
      );
      expect(result).toMatchObject({
        stage: "restored",
        verdict: "inconclusive",
        reason: "the run was cancelled",
      });
      expect(place.situation).toMatchObject({ stable, candidate: null, candidatePercent: 0 });
      expect(place.journalled.at(-1)).toBe("end");
    }
  });

  it("reports a promotion that was through before the cancellation came", async () => {
    const place = new MemoryPlace(stable);
    const cancel = new AbortController();
    const stop = (event: RolloutEvent) => journalled("promote")(event) && cancel.abort();
    const { result } = await play(place, {}, stop, cancel.signal);
    expect(result.stage).toBe("promoted");
    expect(place.situation.stable).toEqual(candidate);
  });

  it("restores when the target fails, keeps its error, and gives the lease back", async () => {
    const place = new MemoryPlace(stable);
    place.prepare = () =>
      Promise.reject(new RolloutError("not-ready", "flights-2 did not answer", "Read its log."));
    const { result } = await play(place);
    expect(result).toMatchObject({
      stage: "restored",
      verdict: "inconclusive",
      error: { code: "not-ready" },
    });
    expect(place.held).toBeNull();
  });

  it("tries a restore three times, then leaves the lease for the guard", async () => {
    const place = new MemoryPlace(stable);
    place.behaviours["flights-2"] = { ...healthy, errors: 1 };
    let attempts = 0;
    place.restore = () => {
      attempts++;
      return Promise.reject(new Error("502"));
    };
    await expect(play(place)).rejects.toMatchObject({ code: "restore-failed" });
    expect(attempts).toBe(3);
    expect(place.held).not.toBeNull();
    await place.clock.run(place.clock.sleep(30_000));
    expect(place.guarded).toEqual(["expired"]);
    expect(place.situation.candidate).toBeNull();
  });

  it("reports a promotion as one when the target's answer was lost after it", async () => {
    const place = new MemoryPlace(stable);
    const promote = place.promote.bind(place);
    place.promote = async () => {
      await promote();
      throw new Error("connection reset");
    };
    const { result } = await play(place);
    expect(result).toMatchObject({ stage: "promoted", verdict: "pass", stable: candidate, error: null });
    expect(result.reason).toContain("connection reset");
    expect(place.journalled.at(-1)).toBe("end");
  });

  it("is not swayed by a listener that throws, and lets its error out at the end", async () => {
    const place = new MemoryPlace(stable);
    const throwing = () => {
      throw new Error("the report is broken");
    };
    await expect(play(place, {}, throwing)).rejects.toThrow("the report is broken");
    expect(place.situation).toMatchObject({ stable: candidate, candidate: null });
    expect(place.held).toBeNull();
    expect(place.guarded).toEqual([]);
  });

  it("restores although the journal cannot be written any more", async () => {
    const place = new MemoryPlace(stable);
    place.behaviours["flights-2"] = { ...healthy, errors: 1 };
    const { result, events } = await play(place, {}, (event) => {
      if (journalled("split")(event)) {
        place.write = () => Promise.reject(new Error("disk full"));
      }
    });
    expect(result.stage).toBe("restored");
    expect(place.situation.candidate).toBeNull();
    expect(events.some((event) => event.kind === "trouble" && event.message.includes("disk full"))).toBe(
      true,
    );
  });
});
