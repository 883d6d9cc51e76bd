import { describe, expect, it } from "vitest";
import { evaluate } from "../evaluate.ts";
import { parseGates } from "../language.ts";
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
