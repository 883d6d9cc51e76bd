import { describe, expect, test } from "vitest";
import { verdict } from "./examples/evaluations.ts";
import { countVerdicts, gateOf, isUnjudged, shownAs, sign, worstFirst, wouldFailAlone } from "./verdicts.ts";

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

  test("of slices come by how far they miss their bound, those without a value last", () => {
    const slice = (name: string, observed: number | null, bound = 0.5) =>
      verdict({ gate: `f1{c=${name}} >= 0.5`, verdict: "fail", observed, bound });
    const order = worstFirst([slice("a", 0.4), slice("b", null), slice("c", 0.1), slice("d", 0.4, 0.9)]);
    expect(order.map(({ gate }) => gate.slice(3, 6))).toEqual(["c=d", "c=c", "c=a", "c=b"]);
  });

  test("that would have failed alone have an interval wholly on the wrong side", () => {
    const alone = verdict({ gate: "auc >= 0.7", rule: "refute", bound: 0.7, interval: [0.6, 0.69] });
    expect(wouldFailAlone(alone)).toBe(true);
    expect(wouldFailAlone({ ...alone, verdict: "fail" })).toBe(false);
    expect(wouldFailAlone({ ...alone, rule: "estimate" })).toBe(false);
    expect(wouldFailAlone({ ...alone, interval: [0.6, 0.71] })).toBe(false);
    expect(wouldFailAlone({ ...alone, gate: "brier <= 0.7" })).toBe(false);
    expect(wouldFailAlone({ ...alone, gate: "brier <= 0.5", bound: 0.5 })).toBe(true);
  });

  test("that are not judged come last, and are called so", () => {
    const small = verdict({ gate: "f1{a=b} >= 0.1", verdict: "inconclusive", unjudged: true });
    expect(worstFirst([small, verdict({ gate: "f1 >= 0.1" })]).at(-1)).toBe(small);
    expect([shownAs(small), isUnjudged(small)]).toEqual(["not judged", true]);
    expect(shownAs({ ...small, unjudged: undefined } as never)).toBe("inconclusive");
  });

  test("have the sign of their gate, also behind a slice that holds one", () => {
    expect(sign(verdict({ gate: 'brier{name="a >= b"} <= 0.5', metric: "brier" }))).toBe("≤");
    expect(sign(verdict({ gate: "no gate at all" }))).toBe("");
    expect(gateOf(verdict({ gate: "::error::" }))).toBeNull();
  });
});
