import { beforeAll, describe, expect, it } from "vitest";
import { compatible } from "./compatible.ts";
import type { Contract } from "./contract.ts";
import { testContract } from "./testing/models.ts";

let mixed: Contract;
let classes: Contract;
beforeAll(async () => {
  mixed = await testContract("mixed");
  classes = await testContract("classes");
});

function changed(contract: Contract, change: (candidate: Contract) => void): Contract {
  const candidate = structuredClone(contract);
  change(candidate);
  return candidate;
}

const codes = (change: (candidate: Contract) => void, base = mixed) =>
  compatible(base, changed(base, change)).problems.map((problem) => problem.code);
const feature = (contract: Contract, index: number) =>
  contract.features[index] as Contract["features"][number];

describe("compatible", () => {
  it("finds nothing between a contract and itself, or another version of it", () => {
    expect(codes((c) => Object.assign(c, { version: "4", model: "other" }))).toEqual([]);
  });

  it("takes what breaks no caller, and notes it", () => {
    const candidate = changed(mixed, (c) => {
      c.features.push({ name: "gate", type: "string", optional: true });
      feature(c, 6).optional = true;
      feature(c, 1).maximum = 2000;
      feature(c, 3).values?.push("DL");
    });
    expect(compatible(mixed, candidate)).toEqual({
      problems: [],
      notes: ['the optional feature "gate" is new', 'the feature "distance" is now optional'],
    });
    expect(codes((c) => (feature(c, 1).type = "number"))).toEqual([]);
  });

  it.each<[string, (candidate: Contract) => void, string]>([
    [
      "a new required feature",
      (c) => c.features.push({ name: "x", type: "number", optional: false }),
      "feature-required",
    ],
    ["a feature now required", (c) => (feature(c, 4).optional = false), "feature-required"],
    ["a feature gone", (c) => c.features.splice(2, 1), "feature-removed"],
    ["a narrower type", (c) => (feature(c, 6).type = "integer"), "type-changed"],
    ["another type", (c) => (feature(c, 2).type = "string"), "type-changed"],
    ["a higher minimum", (c) => (feature(c, 1).minimum = 1), "range-narrowed"],
    ["a new maximum", (c) => (feature(c, 6).maximum = 5000), "range-narrowed"],
    ["a value gone", (c) => (feature(c, 3).values = ["UA"]), "values-narrowed"],
    ["another task", (c) => (c.task = "binary"), "task-changed"],
    ["a missing output", (c) => (c.output.name = "delay"), "output-missing"],
  ])("names %s", (_name, change, code) => {
    expect(codes(change)).toEqual([code]);
  });

  it("names values where there were none before", () => {
    const open = changed(mixed, (c) => delete feature(c, 3).values);
    expect(compatible(open, mixed).problems.map(({ code }) => code)).toEqual(["values-narrowed"]);
  });

  it("names classes that are gone, new, or in another order", () => {
    for (const now of [
      ["low", "high"],
      ["low", "middle", "high", "top"],
      ["high", "middle", "low"],
    ]) {
      expect(codes((c) => (c.output.classes = now), classes)).toEqual(["classes-changed"]);
    }
  });

  it("names a score that is that of another value", () => {
    const before = { ...mixed, label: { column: "late", positive: 1 } };
    const after = { ...mixed, label: { column: "late", positive: 0 } };
    expect(compatible(before, after).problems.map(({ code }) => code)).toEqual(["positive-changed"]);
  });

  it("says each problem with its remedy, and a rename with the name that was meant", () => {
    const { problems } = compatible(
      mixed,
      changed(mixed, (c) => (feature(c, 6).name = "distance_mi")),
    );
    expect(problems.join("\n")).toContain('the feature "distance" is gone');
    for (const problem of problems) expect(`${problem}`).toBe(`${problem.message}. ${problem.remedy}`);
  });
});
