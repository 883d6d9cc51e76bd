import { describe, expect, it } from "vitest";
import { ContractTest, type HttpAnswer } from "./contract-test.ts";
import type { ReplayRequest } from "./replay-requests.ts";

const ok = (...predictions: unknown[]): HttpAnswer => ({ status: 200, json: { predictions } });
const refused = (code = "instances"): HttpAnswer => ({
  status: 400,
  json: { error: { code, message: `no ${code}` } },
});
const broken: HttpAnswer = { status: 500, json: { error: { code: "crash", message: "it crashed" } } };
const nothing: HttpAnswer = { status: null, json: undefined };

type Case = [stable: HttpAnswer, candidate: HttpAnswer, more?: Partial<ReplayRequest>];

function resultOf(cases: readonly Case[], { unsent = 0, versions = ["v1"] } = {}) {
  const test = new ContractTest(versions, null);
  cases.forEach(([stable, candidate, more], index) => {
    test.record({ id: `r${index}`, version: "v1", body: "{}", ...more }, stable, candidate);
  });
  return test.result(unsent, 0.95);
}
const verdictOf = (...cases: Case[]) => resultOf(cases).verdict;

describe("the API contract", () => {
  it.each<[string, Case, string]>([
    ["another number", [ok(1), ok(2)], "pass"],
    ["a null for a number", [ok(1), ok(null)], "fail"],
    ["a refusal of what stable takes", [ok(1), refused()], "fail"],
    ["an answer to what stable refuses", [refused(), ok(1)], "pass"],
    ["the same refusal", [refused(), refused()], "pass"],
    ["a refusal of another kind", [refused(), refused("request")], "fail"],
    ["a failure where stable refuses", [refused(), broken], "fail"],
    ["no answer", [ok(1), nothing], "fail"],
    ["a failure that comes again", [ok(1), broken], "fail"],
    [
      "the answer to another request",
      [ok(1), { status: 200, json: { predictions: [1], request_id: "x" } }],
      "fail",
    ],
    ["a body that is no JSON", [ok(1), { status: 200, json: undefined }], "fail"],
    ["what was expected, whatever stable does", [ok(1), refused(), { expect: { status: 400 } }], "pass"],
    ["an answer to what must be refused", [ok(1), ok(1), { expect: { status: 400 } }], "fail"],
    ["what was expected, when stable is down", [nothing, ok(1), { expect: { status: 200 } }], "pass"],
    ["less than what was recorded", [ok(1), ok(1), { expect: { response: { trace: "t" } } }], "fail"],
    ["more than what was recorded", [ok(1), ok(1), { expect: { response: { predictions: [3] } } }], "pass"],
  ])("is judged by %s", (_, one, expected) => {
    expect(verdictOf(one).verdict).toBe(expected);
  });

  it("names each field with one example, the worst version and field first", () => {
    const { verdict, versions } = resultOf([
      [ok({ a: 1, b: 0 }), ok({ a: 1 })],
      [ok({ a: 1, b: 0 }), ok({ a: 1 })],
      [ok(1), broken],
      [ok(1), ok(1)],
    ]);
    expect(verdict).toMatchObject({ verdict: "fail", observed: 3, bound: 0, n: 4, interval: null });
    expect(verdict.reason).toBe(
      "3 of 4 requests got answers that their callers cannot read as before: v1: predictions[].b in 2 (r0: 0 → is gone); v1: status in 1 (r2: 200 → 500 (it crashed)).",
    );
    expect(versions).toEqual([
      {
        version: "v1",
        requests: 4,
        differing: 3,
        fields: [
          { field: "predictions[].b", differing: 2, example: "r0: 0 → is gone" },
          { field: "status", differing: 1, example: "r2: 200 → 500 (it crashed)" },
        ],
      },
    ]);
  });

  it("is not kept by requests that nobody could compare", () => {
    const { verdict, unknown } = resultOf([
      [nothing, ok(1)],
      [broken, ok(1)],
    ]);
    expect(unknown).toBe(2);
    expect(verdict).toMatchObject({ verdict: "inconclusive", settle: expect.stringMatching(/stable/) });
    expect(resultOf([[ok(1), ok(1)]], { unsent: 1 }).verdict).toMatchObject({
      verdict: "inconclusive",
      settle: expect.stringMatching(/duration/),
    });
    const one = resultOf([[ok(1), ok(1)]], { versions: ["v1", "v2"] });
    expect(one.verdict).toMatchObject({
      verdict: "inconclusive",
      reason: expect.stringMatching(/not one of v2/),
    });
  });

  it("tells of requests that stable itself refuses", () => {
    const { refused: count } = resultOf([
      [refused(), refused()],
      [refused(), refused(), { expect: { status: 400 } }],
    ]);
    expect(count).toBe(1);
  });
});
