import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServerClock } from "./clock.ts";

/** A server that is ahead by `aheadMs`, asked at `atMs` by our clock, over ways there and back of these lengths. */
function ask(clock: ServerClock, aheadMs: number, atMs: number, [there, back]: [number, number]): void {
  const dated = Math.floor((atMs + there + aheadMs) / 1000) * 1000;
  clock.saw(new Date(dated).toUTCString(), atMs, atMs + there + back);
}

const epochMs = Date.UTC(2026, 0, 1);

describe("the server's clock", () => {
  it("is this machine's before the first answer", () => {
    const clock = new ServerClock(() => 5);
    expect([clock.now(), clock.uncertaintyMs]).toEqual([5, null]);
    clock.saw(undefined, 0, 1);
    clock.saw("yesterday", 0, 1);
    clock.saw(new Date(0).toUTCString(), 2, 1);
    expect([clock.now(), clock.uncertaintyMs]).toEqual([5, null]);
  });

  it("never is further off than it says, however far ahead the server and however long the way", () => {
    const way = fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 3000 }));
    const asked = fc.array(fc.tuple(fc.integer({ min: 0, max: 100_000 }), way), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), asked, (aheadMs, times) => {
        const clock = new ServerClock(() => epochMs);
        for (const [atMs, there] of times) ask(clock, aheadMs, epochMs + atMs, there);
        const offMs = Math.abs(clock.now() - (epochMs + aheadMs));
        expect(offMs).toBeLessThanOrEqual((clock.uncertaintyMs ?? Number.NaN) + 1e-6);
      }),
    );
  });

  it("is known to milliseconds after requests at different moments of the second", () => {
    const clock = new ServerClock(() => epochMs);
    for (let i = 0; i < 200; i++) ask(clock, 123_456, epochMs + i * 337, [1, 1]);
    expect(clock.uncertaintyMs).toBeLessThan(10);
    expect(Math.abs(clock.now() - (epochMs + 123_456))).toBeLessThan(10);
  });

  it("starts anew when the server's clock was set", () => {
    const clock = new ServerClock(() => epochMs);
    ask(clock, 0, epochMs, [1, 1]);
    ask(clock, 3_600_000, epochMs + 5000, [1, 1]);
    expect(Math.abs(clock.now() - (epochMs + 3_600_000))).toBeLessThan(1_001);
  });

  it("does not follow this machine's own clock when that is set", () => {
    const local = new ServerClock().localMs();
    const real = Date.now;
    Date.now = () => 0;
    try {
      expect(Math.abs(new ServerClock().now() - local)).toBeLessThan(1000);
    } finally {
      Date.now = real;
    }
  });
});
