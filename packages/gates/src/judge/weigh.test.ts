import { describe, expect, it } from "vitest";
import { PairScale } from "./weigh.ts";

const levels = { fail: 0.05, pass: 0.05 };

/** A window: requests and events of stable and of the candidate. */
function playing(scale: PairScale) {
  let at = 0;
  return (stable: readonly [number, number], candidate: readonly [number, number]) => {
    at += 1;
    scale.add({
      at,
      stable: { n: stable[0], x: stable[1] },
      candidate: { n: candidate[0], sure: candidate[1], possible: candidate[1] },
      stableStretches: () => [{ n: 10_000, x: 100 }],
    });
    return scale.evidence();
  };
}

/** Proven at a quarter of the traffic, and not any more after the window in which the last step began. */
function atTheBorder() {
  const scale = new PairScale({ factor: 1, offset: 0.01 }, levels);
  const window = playing(scale);
  let evidence = window([750, 8], [250, 1]);
  while (evidence.pass.log < evidence.pass.needed) evidence = window([750, 8], [250, 1]);
  const border = window([100, 0], [600, 12]);
  expect(border.pass.log).toBeLessThan(border.pass.needed);
  return window;
}

describe("bets on a pair", () => {
  it("count what was shown at its highest once stable has no traffic, so that a border ends no proven candidate", () => {
    const window = atTheBorder();
    const alone = window([0, 0], [1_000, 10]);
    expect(alone.pass.log).toBeGreaterThanOrEqual(alone.pass.needed);
    expect(alone.fail.at).toBeNull();
  });

  it("count it as it stands again where stable gets traffic again", () => {
    const window = atTheBorder();
    window([0, 0], [1_000, 10]);
    const back = window([750, 8], [250, 6]);
    expect(back.pass.log).toBeLessThan(back.pass.needed);
  });

  it("show nothing that was never shown, and still refute alone", () => {
    const window = playing(new PairScale({ factor: 1, offset: 0.01 }, levels));
    window([750, 8], [250, 3]);
    const alone = window([0, 0], [100_000, 1_000]);
    expect(alone.pass.log).toBeLessThan(alone.pass.needed);
    expect(window([0, 0], [1_000, 500]).fail.at).not.toBeNull();
  });
});
