import { describe, expect, it } from "vitest";
import { Readiness } from "./readiness.ts";

describe("a refusal", () => {
  it("counts only of a server that was ready before it, and not away since", () => {
    let nowMs = 0;
    const readiness = new Readiness(() => nowMs);
    expect(readiness.isKnown).toBe(false);
    expect(readiness.said("ready")).toBe(false);
    expect(readiness.isKnown).toBe(true);
    nowMs = 1_000;
    readiness.away();
    expect(readiness.isKnown).toBe(false);
    expect(readiness.said("starting")).toBe(false);
    nowMs = 2_000;
    readiness.said("ready");
    nowMs = 61_000;
    expect(readiness.isKnown).toBe(true);
    nowMs = 63_000;
    expect(readiness.isKnown).toBe(false);
  });

  it("counts where we may not ask, but not soon after the server was away", () => {
    let nowMs = 0;
    const readiness = new Readiness(() => nowMs);
    expect(readiness.said("hidden")).toBe(true);
    readiness.away();
    nowMs = 9_000;
    expect(readiness.said("hidden")).toBe(false);
    nowMs = 11_000;
    expect(readiness.said("hidden")).toBe(true);
  });
});
