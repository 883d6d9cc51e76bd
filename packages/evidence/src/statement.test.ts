import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EvidenceError } from "./error.ts";
import { testResult, verdict } from "./example.ts";
import { figuresField, formatStatement, readStatement, testResultStatement } from "./statement.ts";

const good = () => JSON.parse(formatStatement(testResultStatement(testResult())));

function refusal(text: string): EvidenceError {
  try {
    readStatement(text, "evidence.json");
  } catch (error) {
    if (error instanceof EvidenceError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a test-result statement", () => {
  test("is an in-toto Statement v1 with the test-result predicate", () => {
    const statement = good();
    expect(statement).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "flights-2", digest: { sha256: "2".repeat(64) } }],
      predicateType: "https://in-toto.io/attestation/test-result/v0.1",
      predicate: {
        result: "PASSED",
        configuration: [{ name: "gates", digest: { sha256: "c".repeat(64) } }],
        url: "https://github.com/example/flights/actions/runs/1",
        passedTests: ["f1 >= baseline - 0.02", "f1{carrier=UA} >= 0.3"],
        warnedTests: [],
        failedTests: [],
      },
    });
    expect(statement.predicate[figuresField].startedAt).toBe("2026-11-22T12:00:00.000Z");
  });

  test("keeps its bytes, so that old evidence keeps its digest", async () => {
    const text = formatStatement(testResultStatement(testResult()));
    await expect(text).toMatchFileSnapshot("./goldens/statement.txt");
    expect(createHash("sha256").update(text).digest("hex")).toBe(
      createHash("sha256")
        .update(
          formatStatement(
            testResultStatement(
              testResult({
                metrics: { baseline: { f1: 0.405 }, candidate: { "f1{carrier=UA}": 0.39, f1: 0.412 } },
              }),
            ),
          ),
        )
        .digest("hex"),
    );
  });

  test("is not held up by values with too few rows to judge, which it names, and does not rest on them alone", () => {
    const small = verdict({ gate: "f1{carrier=HA} >= 0.3", verdict: "inconclusive", unjudged: true });
    const statement = testResultStatement(testResult({ verdicts: [verdict(), small] }));
    expect(statement.predicate).toMatchObject({ result: "PASSED", warnedTests: ["f1{carrier=HA} >= 0.3"] });
    expect(readStatement(formatStatement(statement), "evidence.json")).toEqual(statement);
    expect(testResultStatement(testResult({ verdicts: [small] })).predicate.result).toBe("WARNED");
    const failed = verdict({ verdict: "fail", unjudged: true });
    expect(testResultStatement(testResult({ verdicts: [failed] })).predicate.result).toBe("FAILED");
  });

  test.each([
    [["pass", "pass"], undefined, "PASSED"],
    [["pass", "inconclusive"], undefined, "WARNED"],
    [["inconclusive", "fail"], undefined, "FAILED"],
    [["pass"], "inconclusive", "WARNED"],
    [["pass"], "fail", "FAILED"],
    [["fail"], "pass", "FAILED"],
  ] as const)("of verdicts %j and outcome %s is %s", (names, outcome, result) => {
    const verdicts = names.map((name, index) => verdict({ gate: `auc >= 0.${index + 1}`, verdict: name }));
    const statement = testResultStatement(
      testResult({ verdicts, ...(outcome === undefined ? {} : { outcome }) }),
    );
    expect(statement.predicate.result).toBe(result);
  });

  test("reads back to what was written, hostile names included", () => {
    const hostile = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" });
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, gate, reason) => {
        const statement = testResultStatement(
          testResult({
            subject: { name, digest: `sha256:${"0".repeat(64)}` },
            verdicts: [verdict({ gate, reason })],
          }),
        );
        expect(readStatement(formatStatement(statement), "x")).toEqual(statement);
      }),
    );
  });

  test("is not made of no verdict, a bad digest or a figure that is not finite", () => {
    const make = (changes: Parameters<typeof testResult>[0]) => () =>
      testResultStatement(testResult(changes));
    expect(make({ verdicts: [] })).toThrow(/verdicts.*Too small/s);
    expect(make({ subject: { name: "x", digest: "sha256:../../etc" } })).toThrow(
      /subject\[0\]\.digest\.sha256/,
    );
    expect(make({ subject: { name: "x", digest: "md5:abc" } })).toThrow(/subject\[0\]\.digest\.sha256/);
    expect(make({ metrics: { candidate: { f1: Number.NaN }, baseline: null } })).toThrow(/candidate\.f1/);
    expect(make({ verdicts: [verdict({ observed: Number.POSITIVE_INFINITY })] })).toThrow(
      /verdicts\[0\]\.observed/,
    );
    expect(make({ startedAt: Number.NaN })).toThrow(/startedAt/);
  });

  test.each(["eval", "shadow", "canary", "drift"] as const)("can be of kind %s", (kind) => {
    const statement = testResultStatement(testResult({ kind }));
    expect(readStatement(formatStatement(statement), "x").predicate[figuresField].kind).toBe(kind);
  });

  test("keeps an interval that is open on one side", () => {
    const statement = testResultStatement(
      testResult({ verdicts: [verdict({ interval: [0.1, Number.POSITIVE_INFINITY] })] }),
    );
    expect(statement.predicate[figuresField].verdicts[0]?.interval).toEqual([0.1, null]);
  });
});

describe("reading a statement", () => {
  test("ignores fields that it does not know, as in-toto asks", () => {
    const statement = good();
    statement.predicate["https://example.com/more"] = { any: "thing" };
    expect(() => readStatement(JSON.stringify(statement), "x")).not.toThrow();
  });

  test("reads one that signing has put the image in front of", () => {
    const statement = good();
    statement.subject.unshift({ name: "ghcr.io/org/flights", digest: { sha256: "1".repeat(64) } });
    const read = readStatement(JSON.stringify(statement), "x");
    expect(read.subject.map(({ name }) => name)).toEqual(["ghcr.io/org/flights", "flights-2"]);
  });

  test("refuses what is no statement of this kind, naming what it is", () => {
    expect(refusal("").code).toBe("not-json");
    expect(refusal("{").message).toMatch(/evidence.json is not JSON/);
    expect(refusal("null").code).toBe("wrong-schema");
    expect(refusal('{"predicateType":"https://slsa.dev/provenance/v1"}').message).toMatch(/slsa\.dev/);
    expect(refusal(`"${"x".repeat(17 * 1024 * 1024)}"`).message).toMatch(/17\.0 MiB.*at most 16 MiB/);
  });

  test("lists every place that is wrong, at once", () => {
    const statement = good();
    statement.subject[0].digest.sha256 = "ABC";
    statement.predicate.result = "GREAT";
    delete statement.predicate[figuresField].confidence;
    const { code, message, remedy } = refusal(JSON.stringify(statement));
    expect(code).toBe("malformed");
    expect(message).toMatch(/subject\[0\]\.digest\.sha256: .*it is "ABC"/);
    expect(message).toMatch(/predicate\.result: .*it is "GREAT"/);
    expect(message).toMatch(/confidence: .*it is missing/);
    expect(message).not.toMatch(/Invalid input|received/);
    expect(remedy).toMatch(/output "evidence"/);
  });

  test("refuses a FAILED result that was edited into a PASSED one", () => {
    const verdicts = [verdict({ verdict: "fail" })];
    const statement = JSON.parse(formatStatement(testResultStatement(testResult({ verdicts }))));
    statement.predicate.result = "PASSED";
    expect(refusal(JSON.stringify(statement)).message).toMatch(/result is PASSED.*come to FAILED/);
    statement.predicate.failedTests = [];
    expect(refusal(JSON.stringify(statement)).code).toBe("contradiction");
  });

  test.each([
    ["eleven subjects", (s: Statement) => s.subject.push(...Array(10).fill(s.subject[0]))],
    ["no subject", (s: Statement) => s.subject.pop()],
    [
      "a script for a URL",
      (s: Statement) => {
        s.predicate.url = "javascript:alert(1)";
      },
    ],
    [
      "a file for a URL",
      (s: Statement) => {
        s.predicate.url = "file:///etc/passwd";
      },
    ],
    [
      "a verdict without n",
      (s: Statement) => {
        delete figuresOf(s).verdicts[0]?.n;
      },
    ],
    [
      "a digest with a newline",
      (s: Statement) => {
        figuresOf(s).dataset.digest += "\n";
      },
    ],
  ])("refuses %s", (_, spoil) => {
    const statement = good();
    spoil(statement);
    expect(refusal(JSON.stringify(statement)).code).toBe("malformed");
  });

  test("is not poisoned by __proto__", () => {
    const text = formatStatement(testResultStatement(testResult())).replace(
      '"f1":0.405',
      '"__proto__":{"polluted":1},"f1":0.405',
    );
    expect(refusal(text).message).toMatch(/key __proto__ is not allowed/);
    expect({}).not.toHaveProperty("polluted");
  });

  test("answers any text with a statement or an EvidenceError", () => {
    const text = formatStatement(testResultStatement(testResult()));
    const broken = fc
      .tuple(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 8 }))
      .map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length));
    fc.assert(
      fc.property(fc.oneof(broken, fc.json(), fc.string()), (any) => {
        try {
          readStatement(any, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("is not taken down by depth", () => {
    expect(
      refusal(
        `{"predicateType":"https://in-toto.io/attestation/test-result/v0.1","subject":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
      ).code,
    ).toBe("not-json");
  });
});

interface Statement {
  subject: unknown[];
  predicate: Record<string, unknown>;
}

function figuresOf(statement: Statement) {
  return statement.predicate[figuresField] as {
    verdicts: Record<string, unknown>[];
    dataset: { digest: string };
  };
}
