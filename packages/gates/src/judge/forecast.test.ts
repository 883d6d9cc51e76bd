import { describe, expect, it } from "vitest";
import { one, seen, side } from "./asking.testing.ts";

describe("the forecast", () => {
  it("comes true: the requests it names settle the gate", () => {
    const start = [seen(0, side(900, 2), side(100, 0))];
    const first = one("error_rate <= baseline + 0.01", start);
    const more = Number(/about ([\d,]+) more/.exec(first.settle ?? "")?.[1]?.replace(",", ""));
    const times = (100 + more) / 100;
    const later = one("error_rate <= baseline + 0.01", [
      seen(0, side(Math.round(900 * times), Math.round(2 * times)), side(Math.round(100 * times), 0)),
    ]);
    expect(later.verdict).toBe("pass");
    const half = (100 + more / 2) / 100;
    const before = one("error_rate <= baseline + 0.01", [
      seen(0, side(Math.round(900 * half), Math.round(2 * half)), side(Math.round(100 * half), 0)),
    ]);
    expect(before.verdict).toBe("inconclusive");
  });

  it("says so when no number of requests would do", () => {
    const verdict = one("error_rate <= 0.01", [seen(0, side(9000), side(1000, 10))]);
    expect(verdict.settle).toContain("no number of requests");
  });
});
