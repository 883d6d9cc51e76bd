import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostileNames } from "../examples/hostile.ts";
import { fitted, roomFor } from "./label.ts";

describe("a label", () => {
  test("that fits stays as it is, else keeps its beginning and its end", () => {
    expect(fitted("dep_delay", 110)).toBe("dep_delay");
    expect(fitted("sensor_298_mean_of_last_15_minutes", 140)).toMatch(/^sensor_298…\w+utes$/);
    expect(fitted("\n", 100)).toBe("(no name)");
  });

  test("never takes more room than there is, whatever it is made of", () => {
    for (const name of hostileNames) expect(roomFor(fitted(name, 110))).toBeLessThanOrEqual(110);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (name) => {
        expect(roomFor(fitted(name, 110))).toBeLessThanOrEqual(110);
      }),
    );
  });
});
