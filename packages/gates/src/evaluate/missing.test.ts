import { describe, expect, it } from "vitest";
import { evaluate } from "../evaluate.ts";
import { rankers } from "./models.testing.ts";
import { spoilt, usual, verdictOf, verdicts } from "./verdicts.testing.ts";

describe("scores that are not numbers", () => {
  const rows = rankers(20_000, 6);
  const holed = { ...rows, candidate: spoilt(rows.candidate, Number.NaN, 37) };

  it("fail every gate on labels and scores under every rule, and are counted", () => {
    for (const rule of ["estimate", "refute", "prove"] as const) {
      const found = verdicts("auc >= 0.1\nf1 >= baseline - 0.5\nnan_rate <= 0.1%", holed, {
        rule,
        confidence: 0.95,
      });
      expect(found.map(({ verdict }) => verdict)).toEqual(["fail", "fail", "fail"]);
      expect(found[0]?.reason).toBe("auc: 37 of 20,000 scores are NaN or infinite.");
      expect(found[0]?.observed).toBeNull();
      expect(found[2]?.observed).toBe(37 / 20_000);
    }
  });

  it("are left out of the metrics except for their rate", () => {
    const { candidate, baseline } = evaluate(
      [],
      { ...holed, candidate: spoilt(rows.candidate, -Infinity, 2) },
      usual,
    );
    expect(candidate).toEqual({ nan_rate: 2 / 20_000 });
    expect(baseline).toHaveProperty("auc");
  });

  it("of the baseline leave nothing to compare with, and do not touch other gates", () => {
    const found = verdicts("auc >= baseline\nauc >= 0.5", {
      ...rows,
      baseline: spoilt(rows.baseline, Number.NaN, 1),
    });
    expect(found.map(({ verdict }) => verdict)).toEqual(["inconclusive", "pass"]);
    expect(found[0]?.reason).toContain("of the baseline, 1 of 20,000 scores are NaN");
  });

  it("of one class count the row once", () => {
    const labels = Float64Array.from({ length: 60 }, (_, i) => i % 3);
    const candidate = Float64Array.from({ length: 180 }, (_, i) =>
      i < 3 ? Number.NaN : i % 4 === 0 ? 1 : 0.2,
    );
    const evaluation = {
      task: "multiclass",
      classes: ["a", "b", "c"],
      labels,
      candidate,
      threshold: 0.5,
    } as const;
    expect(evaluate([], evaluation, usual).candidate).toEqual({ nan_rate: 1 / 60 });
  });
});

describe("labels", () => {
  it("that are missing make gates on them inconclusive, not those on NaN", () => {
    const rows = rankers(400, 7);
    const found = verdicts("auc >= 0.5\nnan_rate <= 5%", {
      ...rows,
      labels: spoilt(rows.labels, Number.NaN, 12),
    });
    expect(found.map(({ verdict }) => verdict)).toEqual(["inconclusive", "pass"]);
    expect(found[0]?.reason).toBe("auc: 12 of 400 labels are missing.");
  });

  it("of one class leave the AUC undefined", () => {
    const rows = rankers(400, 7);
    const verdict = verdictOf("auc >= 0.5", { ...rows, labels: rows.labels.fill(1) });
    expect(verdict).toMatchObject({
      verdict: "inconclusive",
      reason: "auc: undefined, for no row is labelled negative.",
    });
  });

  it("of which a class has fewer than ten leave no interval, and no verdict but the estimate's", () => {
    const rows = rankers(400, 7);
    const labels = rows.labels.map((_, i) => (i < 9 ? 1 : 0));
    const found = verdicts("auc >= 0.1\nauc >= 0.11 [prove]\nauc >= 0.12 [estimate]\nlog_loss <= 9", {
      ...rows,
      labels,
    });
    expect(found.map(({ verdict }) => verdict)).toEqual(["inconclusive", "inconclusive", "pass", "pass"]);
    expect(found[0]).toMatchObject({ interval: null, settle: "need 10 positive rows, have 9" });
    expect(found[0]?.reason).toContain("; 9 positive rows are too few for an interval.");
  });

  it("none at all is inconclusive", () => {
    const none = {
      task: "binary",
      labels: new Float64Array(),
      candidate: new Float64Array(),
      threshold: 0.5,
    } as const;
    const found = verdicts("auc >= 0.5\nnan_rate <= 5%", none);
    expect(found.map(({ verdict }) => verdict)).toEqual(["inconclusive", "inconclusive"]);
  });
});
