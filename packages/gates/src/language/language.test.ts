import { describe, expect, it } from "vitest";
import { parseGates } from "./list.ts";
import { GateSyntaxError } from "./messages.ts";
import { maxGateChars, parseGate } from "./parse.ts";

function errorOf(read: () => unknown): GateSyntaxError {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(GateSyntaxError);
    return error as GateSyntaxError;
  }
  throw new Error("nothing was thrown");
}

const against = (factor: number, offset: number) => ({ kind: "baseline", factor, offset });
const absolute = (value: number) => ({ kind: "absolute", value });

describe("a gate", () => {
  it.each([
    ["f1 >= baseline - 0.02", "f1", ">=", against(1, -0.02)],
    ["auc>=baseline-0.01", "auc", ">=", against(1, -0.01)],
    ["  accuracy  >  85 %  ", "accuracy", ">", absolute(0.85)],
    ["error_rate <= 2%", "error_rate", "<=", absolute(0.02)],
    ["error_rate <= baseline * 1.5", "error_rate", "<=", against(1.5, 0)],
    ["error_rate <= baseline * 150% + 1%", "error_rate", "<=", against(1.5, 0.01)],
    ["accuracy >= baseline + 10%", "accuracy", ">=", against(1, 0.1)],
    ["latency.p95 <= 50ms", "latency.p95", "<=", absolute(50)],
    ["latency.p99.9 < 1.5s", "latency.p99.9", "<", absolute(1500)],
    ["latency.p50 <= 250us", "latency.p50", "<=", absolute(0.25)],
    ["latency.p50 <= 250µs", "latency.p50", "<=", absolute(0.25)],
    ["latency.p99 <= baseline * 1.2 + 5ms", "latency.p99", "<=", against(1.2, 5)],
    ["r2 >= -0.5", "r2", ">=", absolute(-0.5)],
    ["psi <= 2e-1", "psi", "<=", absolute(0.2)],
    ["auc >= baseline", "auc", ">=", against(1, 0)],
    ["f2 >= 0.4", "f2", ">=", absolute(0.4)],
    ["f0.5 >= 0.4", "f0.5", ">=", absolute(0.4)],
    ["ndcg@10 >= baseline - 1%", "ndcg@10", ">=", against(1, -0.01)],
    ["top12_accuracy >= 90%", "top12_accuracy", ">=", absolute(0.9)],
    ["quantile_loss.p99.9 <= 3", "quantile_loss.p99.9", "<=", absolute(3)],
    ["auc >= baseline - 0", "auc", ">=", against(1, 0)],
  ])("is read from %j", (text, metric, comparison, bound) => {
    expect(parseGate(text)).toMatchObject({ metric, comparison, bound });
  });

  it.each([
    ["auc{segment=mobile} >= 0.7", { column: "segment", value: "mobile", every: false }],
    ["f1{carrier=*} >= 0.3", { column: "carrier", value: "*", every: true }],
    ['f1{carrier="*"} >= 0.3', { column: "carrier", value: "*", every: false }],
    ['f1{city="New York, NY"} >= 0.3', { column: "city", value: "New York, NY", every: false }],
    ["f1 { home city = New York } >= 0.3", { column: "home city", value: "New York", every: false }],
    ['f1{a="say \\"}\\\\\\u{a}"} >= 0.3', { column: "a", value: 'say "}\\\n', every: false }],
    ["f1{__proto__=constructor} >= 0.3", { column: "__proto__", value: "constructor", every: false }],
  ])("of a slice is read from %j", (text, slice) => {
    expect(parseGate(text).slice).toEqual(slice);
  });

  it("carries its own rule", () => {
    expect(parseGate("auc >= baseline - 0.01 [ prove ]").rule).toBe("prove");
    expect(parseGate("auc >= baseline - 0.01")).not.toHaveProperty("rule");
  });

  it("keeps its words, white space normalised", () => {
    expect(parseGate('latency.p95{ city = "NY" }<=1.50 s[refute]').text).toBe(
      "latency.p95{city=NY} <= 1.50s [refute]",
    );
  });
});

describe("a gate that cannot be read", () => {
  it.each([
    ["", 0, "expected the name of a metric", undefined],
    ["acuracy >= 0.2", 0, "no metric acuracy", "accuracy"],
    ["fl >= 0.2", 0, "no metric fl", "f1"],
    ["roc_auc >= 0.2", 0, "no metric roc_auc", "auc"],
    ["latency <= 3ms", 0, "no metric latency", "latency.p95"],
    ["latency.p100 <= 3ms", 0, "no metric latency.p100", "latency.p95"],
    ["latency.p0 <= 3ms", 0, "no metric latency.p0", "latency.p95"],
    ["latency.p095 <= 3ms", 0, "no metric latency.p095", "latency.p95"],
    ["f01 >= 0.2", 0, "no metric f01", "f1"],
    ["fN >= 0.2", 0, "no metric fN", "f2"],
    ["f2.50 >= 0.2", 0, "no metric f2.50", undefined],
    ["ndcg >= 0.2", 0, "no metric ndcg", "ndcg@10"],
    ["ndcg@0 >= 0.2", 0, "no metric ndcg@0", undefined],
    ["top0_accuracy >= 0.2", 0, "no metric top0_accuracy", undefined],
    ["pinball <= 2", 0, "no metric pinball", "quantile_loss.p90"],
    ["agreement >= baseline", 13, "expected a number", "agreement >= 0.98"],
    ["f1 0.2", 3, "expected >=, <=, > or <", undefined],
    ["f1 => 0.2", 3, "expected >=", "Write >=."],
    ["f1 ≥ 0.2", 3, "expected >=", "Write >=."],
    ["f1 == 0.2", 3, "expected >=", undefined],
    ["f1 >=", 5, "expected a bound", undefined],
    ["f1 >= baselin - 0.1", 6, "expected a bound", "baseline"],
    ["f1 >= previous", 6, "expected a bound", "baseline"],
    ["f1 >= baseline - -0.1", 17, "without a sign", undefined],
    ["f1 >= baseline / 2", 15, "cannot be divided", "baseline * 0.5"],
    ["f1 >= 0.9 * baseline", 10, "cannot be multiplied", "baseline * 0.9"],
    ["f1 >= 0.2 [proof]", 11, "expected a decision rule", "prove"],
    ["f1 >= 0.2 [prove", 16, "expected ]", undefined],
    ["f1 >= 0.2 prove", 10, "expected the end", "[prove]"],
    ["f1 >= 0.2 and auc >= 0.3", 10, "expected the end", "a line of its own"],
    ["f1{=a} >= 0.2", 3, "expected the column", undefined],
    ["f1{a} >= 0.2", 4, "expected =", "{a=value}"],
    ["f1{a=} >= 0.2", 5, "expected the value", undefined],
    ["f1{a=b", 2, "never closed", "}"],
    ['f1{a="b} >= 0.2', 5, "never closed", undefined],
    ["f1{a=b,c=d} >= 0.2", 6, "one column and one value", "quotes"],
    ['f1{a="\\u{110000}"} >= 0.2', 6, "must be escaped", undefined],
  ])("%j has its caret at %d", (text, offset, what, suggestion) => {
    const error = errorOf(() => parseGate(text));
    expect(error.problems[0]?.offset).toBe(offset);
    expect(error.message).toContain(what);
    expect(error.message).toContain(suggestion ?? "");
    const [, line = "", caret = ""] = error.message.split("\n");
    expect(line).toBe(`  | ${text}`);
    expect(caret).toBe(`  | ${" ".repeat(offset)}^`);
  });

  it.each([
    ["auc <= baseline - 0.01", "higher is better"],
    ["error_rate >= 2%", "lower is better"],
    ["f1 >= 5ms", "not a time"],
    ["latency.p95 <= 50", "expected a number with a unit"],
    ["latency.p95 <= 50%", "not a proportion"],
    ["rmse <= baseline + 10%", "baseline * 1.1"],
    ["rmse <= baseline * 2ms", "a factor has no unit"],
    ["f1 >= NaN", "must be a finite number"],
    ["f1 >= Infinity", "must be a finite number"],
    ["rmse <= 1e999", "too large"],
    ["accuracy >= 85", "Did you mean 85%?"],
    ["accuracy >= -0.1", "between 0 and 1"],
    ["f1 >= baseline - 2", "Did you mean 2%?"],
    ["f1 >= 0", "every model passes"],
    ["error_rate <= 1", "every model passes"],
    ["f1 > 1", "no model can pass"],
    ["error_rate < 0%", "no model can pass"],
    ["f1 >= baseline * 0", "above 0"],
  ])("refuses %j with a reason", (text, reason) => {
    expect(errorOf(() => parseGate(text)).message).toContain(reason);
  });

  it("shows control, bidirectional and zero-width characters escaped, the caret still in place", () => {
    const { message } = errorOf(() => parseGate("f1\u001b[31m\u202e >= 0.2"));
    expect(message).toContain("  | f1\\u{1b}[31m\\u{202e} >= 0.2\n  |   ^");
  });

  it("never starts a line with what a runner takes for a command", () => {
    const { message } = errorOf(() => parseGates("::set-output name=x::y\r\n::error::no"));
    expect(message.split("\n").every((line) => !line.trimStart().startsWith("::"))).toBe(true);
  });

  it("is refused by length before anything else, and shown in part", () => {
    const { message } = errorOf(() => parseGate(`f1{a=${"x".repeat(1_000_000)}} >= 0.2`));
    expect(message).toContain(`at most ${maxGateChars} characters`);
    expect(message.length).toBeLessThan(500);
  });
});

describe("a list of gates", () => {
  it("splits at newlines and commas, not within braces or quotes, and leaves comments out", () => {
    const text = 'f1 >= 0.2, auc >= 0.7\r\n# nothing\n\nf1{city="a, # b"} >= 0.1 # why\nf1{c=#1} >= 0.1,';
    expect(parseGates(text).map((gate) => gate.text)).toEqual([
      "f1 >= 0.2",
      "auc >= 0.7",
      'f1{city="a, # b"} >= 0.1',
      "f1{c=#1} >= 0.1",
    ]);
  });

  it("may be empty", () => {
    expect(parseGates(" \n# none\n,")).toEqual([]);
  });

  it("means our own metric where a name of others is as near", () => {
    expect(errorOf(() => parseGate("aucc >= 0.5")).message).toContain("Did you mean auc?");
  });

  it("tells all problems at once, each with the gate's number", () => {
    const { problems, message } = errorOf(() => parseGates("f1 >= 0.2\nacc >= 0.3\nauc <= 0.3"));
    expect(problems.map(({ position }) => position)).toEqual([2, 3]);
    expect(message).toContain("accuracy");
  });

  it("refuses the same gate twice, however it is written", () => {
    expect(errorOf(() => parseGates("f1 >= 0.2\nf1 >= 20% [prove]")).message).toContain("same as gate 1");
    expect(parseGates("f1 >= 0.2\nf1 >= baseline")).toHaveLength(2);
  });

  it("refuses too many gates and too much text", () => {
    const many = Array.from({ length: 300 }, (_, i) => `f1{a=${i}} >= 0.2`).join("\n");
    expect(errorOf(() => parseGates(many)).message).toContain("at most 200");
    expect(errorOf(() => parseGates("#".repeat(1_000_000))).message).toContain("at most 200000 characters");
  });
});
