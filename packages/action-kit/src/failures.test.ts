import { describe, expect, it } from "vitest";
import { NegativeVerdict, UserError } from "./action.ts";
import { failureOf } from "./failures.ts";

class GateSyntaxError extends Error {
  remedy = "Write `<metric> <op> <bound>`.";
}

describe("an error", () => {
  it("with a remedy is the reader's, whatever its class", () => {
    expect(failureOf(new GateSyntaxError("no bound", { cause: new Error("at 3") }))).toEqual({
      kind: "reader",
      message: "no bound",
      remedies: ["Write `<metric> <op> <bound>`."],
      causes: ["at 3"],
    });
  });

  it("that is a UserError needs no remedy", () => {
    expect(failureOf(new UserError("There is no model"))).toMatchObject({ kind: "reader", remedies: [] });
  });

  it("without one is a bug, and so is what is no error at all", () => {
    expect(failureOf(new TypeError("x is undefined"))).toMatchObject({
      kind: "bug",
      message: "TypeError: x is undefined",
      stack: expect.stringContaining("failures.test.ts"),
    });
    for (const thrown of ["text", undefined, null, 3, { remedy: "none" }, Symbol("s")]) {
      expect(failureOf(thrown)).toMatchObject({ kind: "bug", message: expect.stringContaining("no Error") });
    }
    expect(failureOf(new Error(""))).toMatchObject({ kind: "bug", message: "Error" });
  });

  it("that is a negative verdict ends quietly", () => {
    expect(failureOf(new NegativeVerdict("auc fell"))).toEqual({ kind: "negative", message: "auc fell" });
  });

  it("of several members names each of them", () => {
    const all = new AggregateError(
      [new UserError("a", { remedy: "mend a" }), new GateSyntaxError("b")],
      "Two",
    );
    expect(failureOf(all)).toMatchObject({
      kind: "reader",
      message: "Two\n- a\n- b",
      remedies: ["mend a", "Write `<metric> <op> <bound>`."],
    });
    const mixed = new AggregateError([new UserError("a", { remedy: "mend a" }), new TypeError("b")], "Two");
    expect(failureOf(mixed)).toMatchObject({ kind: "bug", causes: ["a", "TypeError: b"] });
  });

  it("shows the members of an aggregate among its causes, as Node reports a refused connection", () => {
    const refused = new AggregateError([
      new Error("connect ECONNREFUSED ::1"),
      new Error("connect ECONNREFUSED 127.0.0.1"),
    ]);
    const failure = failureOf(new TypeError("fetch failed", { cause: refused }));
    expect(failure).toMatchObject({
      causes: ["AggregateError", "connect ECONNREFUSED ::1", "connect ECONNREFUSED 127.0.0.1"],
    });
  });

  it("whose causes go in a circle is still told", () => {
    const error = new Error("round");
    error.cause = error;
    const failure = failureOf(error);
    expect(failure.kind === "bug" ? failure.causes.length : 0).toBe(8);
  });

  it("after a cancel is the cancel, when the abort caused it", () => {
    const controller = new AbortController();
    const early = new DOMException("stop", "AbortError");
    expect(failureOf(early, controller.signal).kind).toBe("bug");
    controller.abort(new Error("the run was cancelled"));
    const { signal } = controller;
    expect(failureOf(signal.reason, signal).kind).toBe("cancelled");
    expect(failureOf(new DOMException("stop", "AbortError"), signal).kind).toBe("cancelled");
    expect(failureOf(new Error("wrapped", { cause: signal.reason }), signal).kind).toBe("cancelled");
    expect(failureOf(new UserError("stable was restored, but"), signal).kind).toBe("reader");
    expect(failureOf(new TypeError("x"), signal).kind).toBe("bug");
  });
});
