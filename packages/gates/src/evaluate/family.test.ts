import { describe, expect, it } from "vitest";
import { parseGates } from "../language.ts";
import { overall } from "../overall.ts";
import { classifiers, rankers } from "./models.testing.ts";
import { questionsOf } from "./slices.ts";
import { usual, verdictOf, verdicts } from "./verdicts.testing.ts";
import { answer } from "./verdicts.ts";

/** Slices of equal size, at random. */
function sliced(slices: number, rows: number, seed: number, candidateError = 0.15) {
  const evaluation = classifiers(rows, seed, candidateError);
  const codes = Int32Array.from({ length: rows }, (_, i) => i % slices);
  return {
    ...evaluation,
    slices: { s: { codes, names: Array.from({ length: slices }, (_, i) => `v${i}`) } },
  };
}

describe("gates and slices that are asked together", () => {
  // A sample that fails alone, and by little.
  const barely = classifiers(600, 24, 0.19);
  const gate = "accuracy >= baseline - 0.02";

  it("share the chance of a wrong fail, and the reason says so", () => {
    expect(verdictOf(gate, barely).verdict).toBe("fail");
    const others = Array.from({ length: 19 }, (_, i) => `recall >= ${(i + 1) / 1000}`).join("\n");
    const [among] = verdicts(`${gate}\n${others}`, barely);
    expect(among?.verdict).toBe("pass");
    expect(among?.reason).toMatch(
      /; alone it would have failed, for all of 0\.\d+ to 0\.\d+ at 95% confidence is below the bound, but among 20 questions one such may be chance\.$/,
    );
    // The interval is the gate's own, the same as alone.
    expect(among?.interval).toEqual(verdictOf(gate, barely).interval);
  });

  it("leave a gate that asks for proof undecided, with the rows that would fail it among so many", () => {
    const others = Array.from({ length: 19 }, (_, i) => `recall >= ${(i + 1) / 1000}`).join("\n");
    const [among] = verdicts(`${gate} [prove]\n${others}`, barely);
    expect(among?.verdict).toBe("inconclusive");
    expect(Number(/^need ([\d,]+) rows/.exec(among?.settle ?? "")?.[1]?.replaceAll(",", ""))).toBeGreaterThan(
      600,
    );
  });

  it("do not share it with gates that go by the estimate, nor with those that cannot be measured", () => {
    const estimates = Array.from({ length: 19 }, (_, i) => `recall >= ${(i + 1) / 1000} [estimate]`).join(
      "\n",
    );
    expect(verdicts(`${gate}\n${estimates}`, barely)[0]?.verdict).toBe("fail");
    const missing = Array.from({ length: 19 }, (_, i) => `recall{nowhere=${i}} >= 0.5`).join("\n");
    expect(verdicts(`${gate}\n${missing}`, barely)[0]?.verdict).toBe("fail");
  });

  it("still fail where the regression is plain, and say that it is so among them", () => {
    const found = verdicts("accuracy{s=*} >= baseline - 0.02", sliced(10, 6000, 3, 0.4));
    expect(found.map(({ verdict }) => verdict)).toEqual(Array(10).fill("fail"));
    expect(found[0]?.reason).toContain("; not chance, also among 10 questions: all of");
  });

  it("pass by proof as if each were asked alone, for all must pass", () => {
    const evaluation = rankers(3000, 5);
    const alone = verdicts("auc >= 0.74 [prove]", evaluation);
    const others = Array.from({ length: 30 }, (_, i) => `auc >= 0.${10 + i} [prove]`).join("\n");
    expect(alone[0]?.verdict).toBe("pass");
    expect(verdicts(`auc >= 0.74 [prove]\n${others}`, evaluation)[0]).toEqual(alone[0]);
  });

  it("block a model exactly at its bounds in at most 5 % of samples, ten slices and all", () => {
    const gates = parseGates("accuracy{s=*} >= 0.85\naccuracy >= 0.85");
    const runs = 500;
    let [blocked, unshared] = [0, 0];
    for (let seed = 1; seed <= runs; seed++) {
      const evaluation = sliced(10, 2000, seed);
      const found = answer(questionsOf(gates, evaluation), evaluation, { ...usual, seed: 0 }).map(
        ({ verdict }) => verdict,
      );
      blocked += overall(found) === "fail" ? 1 / runs : 0;
      unshared += found.some(({ reason }) => /not chance|alone it would/.test(reason)) ? 1 / runs : 0;
    }
    // Known to 1 %.
    expect(blocked).toBeLessThan(0.07);
    expect(blocked).toBeGreaterThan(0.01);
    expect(unshared).toBeGreaterThan(0.25);
  });
});
