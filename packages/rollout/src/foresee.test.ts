import { healthy, noCounts, randomFrom, serve } from "@ml-actions/gates/judge/traffic.testing";
import type { Past } from "@ml-actions/telemetry/source";
import { describe, expect, it } from "vitest";
import { foresee, foresightText } from "./foresee.ts";
import { MemoryPlace } from "./memory.testing.ts";
import { planOf, play, stable } from "./play.testing.ts";

const hour = 3_600_000;
const counts = serve(noCounts(), 20_000, healthy, randomFrom(1));
const pastAt = (requestsPerSecond: number): Past => ({ counts, requestsPerSecond });
const plan = planOf({ stepTimeoutMs: 5 * hour });

describe("what is told before anything is shifted", () => {
  it("is that the time will not do, with a larger step that would", () => {
    const foresight = foresee(plan, pastAt(0.5));
    expect(foresight).toMatchObject({ weight: 10, isShort: true, larger: { weight: 25 } });
    expect(foresightText(foresight as never, plan)).toMatch(
      /^stable had 0\.5 requests a second .* at 10 % .* needs [\d,]+ requests for `.*`, \d h.*`step-timeout` is 5 h: many good candidates will be taken back without a verdict\. What helps: `steps: 25, 50, 100` \(typically \d/,
    );
  });

  it("is only how long it takes where there is time enough, and nothing where it takes minutes", () => {
    const enough = foresee(plan, pastAt(4));
    expect(enough).toMatchObject({ isShort: false, larger: null });
    expect(foresightText(enough as never, plan)).not.toContain("What helps");
    expect(foresee(plan, pastAt(500))).toBeNull();
  });

  it("names no step where none would do, or the first is the largest, and counts days", () => {
    const rare = foresee(plan, pastAt(0.001));
    expect(rare).toMatchObject({ isShort: true, larger: null });
    expect(foresightText(rare as never, plan)).toMatch(/\d+ days.* What helps: a longer `step-timeout`/);
    expect(foresee(planOf({ steps: [50], stepTimeoutMs: hour }), pastAt(0.5))).toMatchObject({
      larger: null,
    });
    expect(foresightText(foresee(plan, pastAt(0)) as never, plan)).toContain("for ever");
    expect(foresee(planOf({ steps: [100] }), pastAt(0.5))).toBeNull();
  });
});

describe("a rollout", () => {
  const kinds = async (past: MemoryPlace["past"]) => {
    const place = new MemoryPlace(stable);
    if (past !== undefined) place.past = past;
    const { events, result } = await play(place, { stepTimeoutMs: 5 * hour });
    expect(result.stage).toBe("promoted");
    return events.map((event) => (event.kind === "journal" ? event.step.name : event.kind));
  };

  it("tells it between preparing and the first share", async () => {
    const told = await kinds(async () => pastAt(0.5));
    const at = told.indexOf("foresight");
    expect(told.slice(0, at)).toContain("prepare");
    expect(told.slice(0, at)).not.toContain("split");
  });

  it("goes on without where the source cannot tell, fails or hangs", async () => {
    expect(await kinds(undefined)).not.toContain("foresight");
    expect(await kinds(async () => null)).not.toContain("foresight");
    expect(await kinds(() => Promise.reject(new Error("no")))).not.toContain("foresight");
    expect(await kinds(() => new Promise(() => {}))).not.toContain("foresight");
  });
});
