/** An alert for tests, with names and reasons that no one should have to expect. */
import type { Alert } from "../alerts/alert.ts";

export const hostileName = "<!channel> *bold*\n::set-output name=x::`rm` | <https://evil.example|click>";

export function alertOf(changes: Partial<Alert> = {}): Alert {
  return {
    headline: "flights: 2 of 14 features drifted: temp, visib",
    subject: "flights",
    reference: { name: "flights.profile.json", rows: 27_004 },
    current: { name: "yesterday.parquet", rows: 951 },
    drifted: [
      {
        feature: "temp",
        statistic: "psi",
        value: 1.2345678,
        p: 1e-30,
        p_adjusted: 1e-29,
        rows: { reference: 27_004, current: 951 },
        missing: { reference: 0.002, current: 0.12 },
      },
      {
        feature: "visib",
        statistic: "psi",
        value: 0.31,
        p: 0.0123,
        p_adjusted: 0.02,
        rows: { reference: 27_004, current: 951 },
        missing: { reference: 0, current: 0 },
      },
    ],
    failed: [
      {
        gate: "psi <= 0.2",
        metric: "psi",
        verdict: "fail",
        rule: "refute",
        observed: 1.23,
        baseline: null,
        bound: 0.2,
        interval: null,
        n: 951,
        reason: "psi of temp is 1.23, at most 0.2 was asked for.",
      },
    ],
    done: ["the workflow retrain.yml was started"],
    runUrl: "https://github.com/org/models/actions/runs/1/attempts/1",
    ...changes,
  };
}
