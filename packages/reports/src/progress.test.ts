import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Progress, progressLine } from "./progress.ts";

const gate = (
  metric: string,
  changes: Partial<Progress["verdicts"][number]> = {},
): Progress["verdicts"][number] => ({
  metric,
  verdict: "inconclusive",
  observed: 0.01,
  progress: 0.62,
  leaning: "pass",
  ...changes,
});
const progress: Progress = {
  weightPercent: 10,
  elapsedMs: 42_300,
  requests: { stable: 4320, candidate: 480 },
  failures: { stable: 0, candidate: 2 },
  verdicts: [
    gate("error_rate"),
    gate("latency.p99", { verdict: "pass", progress: 1 }),
    gate("nan_rate", { leaning: "fail", progress: 0.999 }),
  ],
};

describe("the line of an interval", () => {
  test("says where it is, what both sides did and how near each gate is", () => {
    expect(progressLine(progress)).toBe(
      " 10 % █░░░░░░░░░  0:42 │ failed: candidate 2/480, stable 0/4,320 │ error_rate ▲62%  latency.p99 ✔  nan_rate ▼99%",
    );
  });

  test("says why there is nothing to see", () => {
    expect(progressLine({ ...progress, problem: "outage" })).toMatch(
      /4,320 │ no telemetry: the source is down$/,
    );
    expect(progressLine({ ...progress, verdicts: [gate("f1", { observed: null })] })).toMatch(/f1 –$/);
  });

  test("shows the worst gates when not all fit, and counts the rest", () => {
    const many = Array.from({ length: 12 }, (_, index) => gate(`latency.p${index + 80}`));
    const line = progressLine({ ...progress, verdicts: [...many, gate("nan_rate", { verdict: "fail" })] });
    expect(line).toMatch(/│ nan_rate ✘ .*\+10$/);
  });

  test("stays on one line of 120 columns and is no workflow command, whatever the names", () => {
    const name = fc.oneof(
      fc.string(),
      fc.constantFrom("##[set-output name=x]y", "\n::set-env::a", "x".repeat(500)),
    );
    fc.assert(
      fc.property(
        fc.array(name),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (names, near, requests) => {
          const line = progressLine({
            ...progress,
            requests: { stable: requests, candidate: requests },
            verdicts: names.map((metric) => gate(metric, { progress: near })),
          });
          expect(line.length).toBeLessThanOrEqual(120);
          expect(line).not.toMatch(/[\n\r]|##\[/);
        },
      ),
    );
  });
});
