import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ageMs, judgedAt, timeRefusal } from "./freshness.ts";

const now = Date.UTC(2026, 10, 22, 12);
const minuteMs = 60_000;
const dayMs = 86_400_000;
const reason = (times: Parameters<typeof timeRefusal>[0], maxAgeMs: number | null = dayMs) =>
  timeRefusal(times, maxAgeMs, now)?.reason ?? null;

describe("the time of evidence", () => {
  test("is when it was judged, also when it was signed again later", () => {
    expect(judgedAt({ signedAt: now, finishedAt: now - dayMs })).toBe(now - dayMs);
    expect(reason({ signedAt: now, finishedAt: now - dayMs - minuteMs })).toMatch(/24 h 1 min old/);
  });

  test("is that of the signature where it tells none", () => {
    expect(judgedAt({ signedAt: now - minuteMs, finishedAt: null })).toBe(now - minuteMs);
    expect(ageMs({ signedAt: null, finishedAt: null }, now)).toBeNull();
  });

  test("must be known where an age is asked for", () => {
    expect(reason({ signedAt: null, finishedAt: null })).toMatch(/Nothing tells how old/);
    expect(reason({ signedAt: null, finishedAt: null }, null)).toBeNull();
  });

  test("may be ahead by what clocks differ, and no more", () => {
    const ahead = (ms: number) => ({ signedAt: null, finishedAt: now + ms });
    expect(reason(ahead(5 * minuteMs))).toBeNull();
    expect(ageMs(ahead(5 * minuteMs), now)).toBe(0);
    expect(reason(ahead(5 * minuteMs + 1), null)).toMatch(/from the future/);
    expect(reason({ signedAt: now + dayMs, finishedAt: now }, null)).toMatch(/from the future/);
    expect(reason({ signedAt: now - dayMs / 2, finishedAt: now }, null)).toMatch(/after it was signed/);
  });

  test("of older evidence is never fresher", () => {
    const time = fc.option(fc.integer({ min: now - 10 * dayMs, max: now }), { nil: null });
    fc.assert(
      fc.property(
        time,
        time,
        fc.integer({ min: 1, max: 10 * dayMs }),
        fc.nat(dayMs),
        (signedAt, finishedAt, max, more) => {
          const younger = timeRefusal({ signedAt, finishedAt }, max, now);
          const older = timeRefusal({ signedAt, finishedAt }, max, now + more);
          if (younger !== null && !/after it was signed/.test(younger.reason)) expect(older).not.toBeNull();
          const age = ageMs({ signedAt, finishedAt }, now);
          if (age !== null && age > max) expect(younger).not.toBeNull();
        },
      ),
    );
  });
});
