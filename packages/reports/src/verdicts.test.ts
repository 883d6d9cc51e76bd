import { describe, expect, test } from "vitest";
import { verdict } from "./examples/evaluations.ts";
import { countVerdicts, gateOf, sign, worstFirst } from "./verdicts.ts";

describe("verdicts", () => {
  test("come worst first, gates over all rows before slices, else as written", () => {
    const gates = [
      verdict({ gate: "auc >= 0.6" }),
      verdict({ gate: "f1{a=b} >= 0.1", verdict: "fail" }),
      verdict({ gate: "recall >= 0.1", verdict: "inconclusive" }),
      verdict({ gate: "f1 >= 0.2", verdict: "fail" }),
      verdict({ gate: "brier <= 0.2" }),
    ];
    expect(worstFirst(gates).map(({ gate }) => gate)).toEqual([
      "f1 >= 0.2",
      "f1{a=b} >= 0.1",
      "recall >= 0.1",
      "auc >= 0.6",
      "brier <= 0.2",
    ]);
    expect(countVerdicts(gates)).toEqual({ pass: 2, fail: 2, inconclusive: 1 });
  });

  test("have the sign of their gate, also behind a slice that holds one", () => {
    expect(sign(verdict({ gate: 'brier{name="a >= b"} <= 0.5', metric: "brier" }))).toBe("≤");
    expect(sign(verdict({ gate: "no gate at all" }))).toBe("");
    expect(gateOf(verdict({ gate: "::error::" }))).toBeNull();
  });
});
