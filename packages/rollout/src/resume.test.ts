import { describe, expect, it } from "vitest";
import { releaseNamed } from "./memory.testing.ts";
import { resume } from "./resume.ts";
import type { JournalEntry, JournalStep, Release, Situation } from "./target.ts";

const stable = releaseNamed("flights-1");
const candidate = releaseNamed("flights-2");
const other = releaseNamed("flights-3");
const begin: JournalStep = { name: "begin", candidate, stable, steps: [10, 100] };

function journalOf(...steps: JournalStep[]): JournalEntry[] {
  return steps.map((step, at) => ({ at, rollout: "r1", holder: "run 1", step }));
}

function running(serves: Release | null, beside: Release | null, candidatePercent = 0): Situation {
  const ready = { stable: serves !== null, candidate: beside !== null };
  return { stable: serves, candidate: beside, candidatePercent, mirrorPercent: 0, ready, url: "" };
}

describe("what an earlier rollout left", () => {
  it("is nothing without a journal and without a candidate", () => {
    expect(resume([], running(stable, null), candidate)).toEqual({ kind: "clear", note: null });
    expect(resume([], running(null, null), candidate)).toEqual({ kind: "clear", note: null });
  });

  it("is restored when it was interrupted anywhere before its promotion was through", () => {
    const steps: JournalStep[] = [
      { name: "prepare" },
      { name: "split", percent: 25 },
      { name: "bake", ms: 1000 },
      { name: "promote" },
      { name: "hold", reason: "seized" },
    ];
    for (const step of steps) {
      const left = resume(journalOf(begin, step), running(stable, candidate, 25), other);
      expect(left.kind).toBe("restore");
      expect(left.note).toContain("rollout r1 of flights-2 by run 1 was interrupted at");
    }
  });

  it("names the step it was interrupted at, and that the same candidate starts again", () => {
    const journal = journalOf(begin, { name: "split", percent: 25 });
    expect(resume(journal, running(stable, candidate, 25), candidate).note).toMatch(
      /"split 25 %"; it starts again$/,
    );
    expect(resume(journal, running(stable, candidate, 25), other).note).toMatch(/"split 25 %"$/);
  });

  it("is finished when its candidate had become stable and only the end was missing", () => {
    const journal = journalOf(begin, { name: "promote" });
    expect(resume(journal, running(candidate, null), candidate).kind).toBe("finished");
    expect(resume(journal, running(candidate, null), other).kind).toBe("finished");
  });

  it("needs nothing when stable has all traffic again already", () => {
    const left = resume(journalOf(begin, { name: "split", percent: 25 }), running(stable, null), other);
    expect(left).toMatchObject({ kind: "clear", note: expect.stringContaining("stable has all traffic") });
  });

  it("tells what the guard did", () => {
    const journal = journalOf(
      begin,
      { name: "restore", reason: "the lease expired", by: "guard" },
      { name: "end", stage: "restored", verdict: "inconclusive" },
    );
    const left = resume(journal, running(stable, null), candidate);
    expect(left).toMatchObject({
      kind: "clear",
      note: expect.stringContaining("the guard had restored stable"),
    });
  });

  it("is silent after a rollout that ended well", () => {
    const journal = journalOf(begin, { name: "end", stage: "promoted", verdict: "pass" });
    expect(resume(journal, running(candidate, null), other)).toEqual({ kind: "clear", note: null });
  });

  it("takes back a held candidate, and one that nobody began", () => {
    const held = journalOf(begin, { name: "end", stage: "held", verdict: "inconclusive" });
    expect(resume(held, running(stable, candidate, 25), other)).toEqual({
      kind: "restore",
      note: "flights-2 was held",
    });
    expect(resume([], running(stable, other, 5), candidate).kind).toBe("restore");
  });
});
