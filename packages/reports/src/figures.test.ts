import { describe, expect, test } from "vitest";
import {
  count,
  counted,
  dateAndTime,
  duration,
  figure,
  formatter,
  percent,
  tick,
  timeOfDay,
  unitOf,
} from "./figures.ts";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

test("values that differ by less than anyone can read look the same", () => {
  const show = formatter([0.8325546111576977, 0.8325546111576978, 0.1], "none");
  expect(show(0.8325546111576977)).toBe("0.833");
});

describe("figures", () => {
  test.each([
    ["latency.p95", "ms"],
    ["latency.p99.9{carrier=UA}", "ms"],
    ["error_rate", "share"],
    ["nan_rate{origin=JFK}", "share"],
    ["f1", "none"],
    ["operate", "none"],
    ["", "none"],
  ])("%s is in %s", (metric, unit) => {
    expect(unitOf(metric)).toBe(unit);
  });

  test.each([
    [0.41234, "none", "0.412"],
    [0, "none", "0"],
    [-0.5, "none", "−0.500"],
    [12.345, "none", "12.3"],
    [12_345.6, "none", "12,346"],
    [0.00042, "none", "0.000420"],
    [-0.00000000001, "none", "0.00000000"],
    [1e21, "none", "1.00e+21"],
    [48.213, "ms", "48.2 ms"],
    [0.0314, "share", "3.14 %"],
    [null, "ms", "—"],
    [Number.NaN, "none", "—"],
    [Number.NEGATIVE_INFINITY, "none", "−∞"],
  ] as const)("%s in %s reads %s", (value, unit, words) => {
    expect(plain(figure(value, unit))).toBe(words);
  });

  test("never look equal when they differ", () => {
    const show = formatter([0.48101, 0.48099, null], "none");
    expect([show(0.48101), show(0.48099)]).toEqual(["0.48101", "0.48099"]);
    expect(formatter([5, 5], "none")(5)).toBe("5.00");
  });

  test("ticks have no more decimals than they need", () => {
    expect([0, 0.5, -1000, 0.30000000000000004].map((value) => tick(value, "none"))).toEqual([
      "0",
      "0.5",
      "−1,000",
      "0.3",
    ]);
    expect(plain(tick(0.015, "share"))).toBe("1.5 %");
  });

  test("counts, shares and times read like language", () => {
    expect(plain(counted(1, "request"))).toBe("1 request");
    expect(plain(counted(12_345, "request"))).toBe("12,345 requests");
    expect(count(Number.NaN)).toBe("—");
    expect([10, 2.5].map((value) => plain(percent(value)))).toEqual(["10 %", "2.5 %"]);
    const times = [850, 42_000, 102_000, 60_000, 7_500_000, 86_400_000, -1, Number.NaN];
    expect(times.map((ms) => plain(duration(ms)))).toEqual([
      "850 ms",
      "42 s",
      "1 min 42 s",
      "1 min",
      "2 h 5 min",
      "24 h",
      "—",
      "—",
    ]);
    expect(timeOfDay(Date.UTC(2026, 10, 22, 12, 1, 44))).toBe("12:01:44");
    expect(dateAndTime(Number.NaN)).toBe("—");
  });
});
