import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerDifferences } from "./differences.ts";

const answer = (predictions: unknown, more: object = {}) => ({
  predictions,
  model: { name: "flights", version: "1", digest: "sha256:1" },
  request_id: "r",
  ...more,
});
const fieldsOf = (was: unknown, is: unknown, tolerance: number | null = null) =>
  answerDifferences(was, is, tolerance).map(
    ({ field, was: before, is: after }) => `${field}: ${before} → ${after}`,
  );

describe("the fields in which two answers differ", () => {
  it("are none for another model's numbers, version and digest", () => {
    const other = { ...answer([0.9, 0.1]), model: { name: "flights", version: "2", digest: "sha256:2" } };
    expect(fieldsOf(answer([0.1, 0.2]), other)).toEqual([]);
  });

  it("are none for fields that are new, but for those inside of predictions", () => {
    expect(fieldsOf(answer([1]), answer([1], { trace: "t" }))).toEqual([]);
    expect(fieldsOf(answer([{ a: 1 }]), answer([{ a: 0.5, b: 0.5 }]))).toEqual([
      "predictions[].b: was not there → 0.5",
    ]);
  });

  it.each([
    ["a number that became null", [0.5], [null], "predictions[]: 0.5 → null"],
    ["a number that became text", [0.5], ["0.5"], 'predictions[]: 0.5 → "0.5"'],
    ["a number that became classes", [0.5], [{ a: 1 }], "predictions[]: 0.5 → an object"],
    ["a class that is gone", [{ a: 1, b: 0 }], [{ a: 1 }], "predictions[].b: 0 → is gone"],
    ["a prediction less", [1, 2], [1], "predictions: a list of 2 → a list of 1"],
    ["a prediction more", [1], [1, 2], "predictions: a list of 1 → a list of 2"],
    ["another word", ["early"], ["late"], 'predictions[]: "early" → "late"'],
  ])("name %s", (_, was, is, expected) => {
    expect(fieldsOf(answer(was), answer(is))).toEqual([expected]);
  });

  it("do not name a null that became a number", () => {
    expect(fieldsOf(answer([null, null]), answer([1, { a: 1 }]))).toEqual([]);
  });

  it("hold numbers to a tolerance where one is given", () => {
    expect(fieldsOf(answer([0.5]), answer([0.5009]), 0.001)).toEqual([]);
    expect(fieldsOf(answer([0.5]), answer([0.5]), 0)).toEqual([]);
    expect(fieldsOf(answer([0.5]), answer([0.502]), 0.001)).toEqual(["predictions[]: 0.5 → 0.502"]);
    expect(fieldsOf({ took: 1 }, { took: 2 }, 0)).toEqual([]);
  });

  it("of errors are their code and what they are made of, not their words", () => {
    const error = (code: string, problems: string[], more = {}) => ({
      error: { code, message: "m", problems, ...more },
    });
    expect(fieldsOf(error("instances", ["a", "b"]), error("instances", ["c"]))).toEqual([]);
    expect(fieldsOf(error("instances", []), error("request", []))).toEqual([
      'error.code: "instances" → "request"',
    ]);
    expect(fieldsOf(error("a", [], { remedy: "r" }), error("a", []))).toEqual([
      'error.remedy: "r" → is gone',
    ]);
  });

  it("are named safely, whatever they are called", () => {
    const was = JSON.parse('{"predictions":[{"__proto__":1,"a\\nb":1,"x":1}]}');
    const is = JSON.parse('{"predictions":[{"x":1}]}');
    expect(fieldsOf(was, is)).toEqual([
      "predictions[].__proto__: 1 → is gone",
      'predictions[]."a\\nb": 1 → is gone',
    ]);
  });

  it("end where JSON is deeper than any answer", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5_000; level += 1) deep = [deep];
    expect(fieldsOf(deep, deep)).toHaveLength(1);
  });

  it("are none for any JSON and itself, and some for one field less", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(answerDifferences(value, structuredClone(value), 0)).toEqual([]);
        expect(answerDifferences({ value, kept: 1 }, { kept: 1 }, 0)).toHaveLength(1);
      }),
    );
  });
});
