import { describe, expect, it } from "vitest";
import { evaluate } from "../evaluate.ts";
import { parseGates } from "../language.ts";
import { overall } from "../overall.ts";
import type { Evaluation } from "./evaluation.ts";
import { rankers } from "./models.testing.ts";
import { usual, verdicts } from "./verdicts.testing.ts";

describe("slices", () => {
  const rows = rankers(600, 8);
  const codes = Int32Array.from({ length: 600 }, (_, i) => (i < 10 ? -1 : i < 20 ? 2 : i % 2));
  const sliced = {
    ...rows,
    slices: {
      carrier: { codes, names: ["UA", "New York, NY", "rare", "absent"] },
      __proto__x: { codes, names: ["a", "b", "c"] },
    },
  };

  it("of every value are judged one by one, those with too few rows inconclusive", () => {
    const found = verdicts("auc{carrier=*} >= 0.5 [prove]", sliced);
    expect(found.map(({ gate, n, verdict }) => [gate, n, verdict])).toEqual([
      ["auc{carrier=UA} >= 0.5 [prove]", 290, "pass"],
      ['auc{carrier="New York, NY"} >= 0.5 [prove]', 290, "pass"],
      ["auc{carrier=rare} >= 0.5 [prove]", 10, "inconclusive"],
    ]);
    expect(found[2]?.settle).toBe("need 30 rows, have 10");
  });

  it("of every value do not block for those with too few rows, which stay in the list by name", () => {
    const found = verdicts("auc{carrier=*} >= 0.5", sliced);
    expect(found[2]).toMatchObject({ verdict: "inconclusive", unjudged: true, n: 10 });
    expect(found[2]?.reason).toBe("auc{carrier=rare}: the slice has 10 rows, fewer than 30.");
    expect(overall(found)).toBe("pass");
    expect(found.filter(({ unjudged }) => unjudged)).toHaveLength(1);
  });

  it("that a gate names block when they have too few rows, also beside a gate on every value", () => {
    for (const gates of [
      "auc{carrier=rare} >= 0.5",
      "auc{carrier=*} >= 0.5\nauc{carrier=rare} >= 0.5",
      "auc{carrier=rare} >= 0.5\nauc{carrier=*} >= 0.5",
      "auc >= 0.5\nauc{carrier=rare} >= 0.5",
    ]) {
      const found = verdicts(gates, sliced);
      expect(found.find(({ n }) => n === 10)).not.toHaveProperty("unjudged");
      expect(overall(found)).toBe("inconclusive");
    }
  });

  it("with few rows are not judged by a time, however well few times bound a median, nor kept waiting for NaN", () => {
    const timed = { ...sliced, latencyMs: { candidate: rows.candidate.map((score) => 10 * score) } };
    const found = verdicts("latency.p50{carrier=*} <= 20ms\nnan_rate{carrier=*} <= 2% [prove]", timed);
    expect(found.map(({ verdict, unjudged }) => [verdict, unjudged])).toEqual([
      ["pass", undefined],
      ["pass", undefined],
      ["inconclusive", true],
      ["pass", undefined],
      ["pass", undefined],
      ["inconclusive", true],
    ]);
    expect(found[2]?.settle).toBe("need 30 rows, have 10");
  });

  it("block when no value at all has rows enough", () => {
    const small = Int32Array.from({ length: 600 }, (_, i) => Math.floor(i / 20));
    const names = Array.from({ length: 30 }, (_, i) => `day ${i}`);
    const found = verdicts("auc{day=*} >= 0.5\nauc >= 0.5", {
      ...rows,
      slices: { day: { codes: small, names } },
    });
    expect(found).toHaveLength(31);
    expect(found.some(({ unjudged }) => unjudged)).toBe(false);
    expect(overall(found)).toBe("inconclusive");
  });

  it("that fail for their scores block however few their rows", () => {
    const first = codes.indexOf(2);
    const candidate = rows.candidate.with(first, Number.NaN);
    const found = verdicts("auc{carrier=*} >= 0.5\nnan_rate{carrier=*} <= 5%", { ...sliced, candidate });
    expect(found.map(({ verdict, unjudged }) => [verdict, unjudged])).toEqual([
      ["pass", undefined],
      ["pass", undefined],
      ["fail", undefined],
      ["pass", undefined],
      ["pass", undefined],
      ["pass", undefined],
    ]);
  });

  it("need ten rows of a class without which the metric is undefined", () => {
    // Of city b 9 rows are positive, of c none; accuracy needs neither class.
    const labels = Float64Array.from({ length: 300 }, (_, i) => (i < 100 ? i % 2 : i < 109 ? 1 : 0));
    const cities = Int32Array.from({ length: 300 }, (_, i) => Math.floor(i / 100));
    const evaluation: Evaluation = {
      task: "binary",
      labels,
      candidate: labels.map((label, i) => (label + (i % 10) / 5) / 3),
      threshold: 0.5,
      slices: { city: { codes: cities, names: ["a", "b", "c"] } },
    };
    const found = verdicts("recall{city=*} >= 0.1\naccuracy{city=*} >= 0.1", evaluation);
    expect(found.map(({ verdict }) => verdict)).toEqual([
      "pass",
      "inconclusive",
      "inconclusive",
      "pass",
      "pass",
      "pass",
    ]);
    expect(found[1]).toMatchObject({
      reason: "recall{city=b}: the slice has 9 positive rows, fewer than 10.",
      settle: "need 10 positive rows, have 9",
      unjudged: true,
    });
    expect(found[2]).toMatchObject({
      reason: "recall{city=c}: undefined, for no row is labelled positive.",
      settle: "need 10 positive rows, have 0",
      unjudged: true,
    });
    expect(overall(found)).toBe("pass");
  });

  it("are judged on their own rows and written to the metrics of both sides", () => {
    const {
      candidate,
      baseline,
      verdicts: found,
    } = evaluate(parseGates("accuracy{carrier=UA} >= 0.1"), sliced, usual);
    const right = Array.from(codes.keys())
      .filter((i) => codes[i] === 0)
      .map((i) => ((rows.candidate[i] as number) >= 0.6 ? 1 : 0) === rows.labels[i]);
    expect(candidate["accuracy{carrier=UA}"]).toBeCloseTo(right.filter(Boolean).length / right.length, 12);
    expect(found[0]?.observed).toBe(candidate["accuracy{carrier=UA}"]);
    expect(baseline).toHaveProperty(["accuracy{carrier=UA}"]);
  });

  it("that are not there are inconclusive by name", () => {
    const reasons = verdicts(
      "f1{carier=UA} >= 0.2\nf1{carrier=UAA} >= 0.2\nf1{carrier=absent} >= 0.2\nf1{constructor=x} >= 0.2\nf1{nowhere=*} >= 0.2",
      sliced,
    );
    expect(reasons.every(({ verdict }) => verdict === "inconclusive")).toBe(true);
    expect(reasons[0]?.reason).toContain("no column carier to slice by; did you mean carrier?");
    expect(reasons[1]?.reason).toContain("no row has carrier=UAA; did you mean UA?");
    expect(reasons[2]?.reason).toContain("no row has carrier=absent");
    expect(reasons[3]?.reason).toContain("no column constructor");
  });

  it("with hostile names stay one line without control characters", () => {
    const names = ["\n::set-output name=x::y\u001b[0m", '"}`|<script>'];
    const hostile = {
      ...rows,
      slices: { a: { codes: codes.map((code) => (code === 2 ? 0 : code)), names } },
    };
    for (const { gate, reason, metric } of verdicts("auc{a=*} >= 0.5", hostile)) {
      expect(gate + reason + metric).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it("of an identifier are refused as one inconclusive verdict", () => {
    const ids = {
      codes: Int32Array.from({ length: 600 }, (_, i) => i),
      names: Array.from({ length: 600 }, (_, i) => `id${i}`),
    };
    const found = verdicts("auc{id=*} >= 0.5", { ...rows, slices: { id: ids } });
    expect(found).toHaveLength(1);
    expect(found[0]?.reason).toContain("600 values, at most 200");
  });

  it("asked for twice, once by name, are judged once", () => {
    expect(verdicts("auc{carrier=*} >= 0.5\nauc{carrier=UA} >= 0.5", sliced)).toHaveLength(3);
  });
});
