/** A runner that dies at any step of the journal: stable has all traffic soon, with nobody acting. */
import type { JournalEntry, JournalStep } from "@ml-actions/rollout/target";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage } from "./stage.ts";

/** The lease lives 8 s and the guard looks within a second of its end. */
const restoredWithinMs = 15_000;

const at = (name: JournalStep["name"], percent?: number) => ({
  title: percent === undefined ? name : `${name} ${percent} %`,
  like: ({ step }: JournalEntry) =>
    step.name === name && (percent === undefined || ("percent" in step && step.percent === percent)),
});

const steps = [
  { ...at("begin"), candidate: "flights-2" },
  { ...at("prepare"), candidate: "flights-2" },
  { ...at("split", 25), candidate: "flights-2" },
  { ...at("split", 50), candidate: "flights-2" },
  { ...at("split", 100), candidate: "flights-2" },
  { ...at("restore"), candidate: "flights-treacherous" },
  { ...at("end"), candidate: "flights-treacherous" },
  { ...at("bake"), candidate: "flights-2" },
  { ...at("promote"), candidate: "flights-2" },
];

describe("SIGKILL of the deploy", () => {
  let stage: Stage;
  /** The runner before this one died in the middle. */
  let interrupted = false;
  beforeAll(async () => {
    stage = await Stage.set();
  });
  afterAll(() => stage?.end());

  it.for(steps)(
    "at $title leaves stable with all traffic, and the next deploy says what it found",
    { timeout: 90_000 },
    async ({ like, candidate, title }) => {
      const before = (await stage.situation()).stable?.label;
      const failuresBefore = stage.traffic.failures.length;
      const killed = await stage.deploy(candidate, {
        inputs: { bake: "2s" },
        interrupt: { how: "kill", when: () => stage.untilWritten(like) },
      });
      if (interrupted) expect(killed.raw).toMatch(/An earlier rollout: .*(guard|interrupted)/);
      // At its last step the rollout was closed already: there was nothing left to interrupt.
      interrupted = killed.killed === "kill" && title !== "end";
      // The last step is so short that the runner's own end may come first.
      expect(title === "end" ? ["kill", null] : ["kill"], killed.raw).toContain(killed.killed);
      await stage.untilSettled(restoredWithinMs);
      const after = (await stage.situation()).stable?.label;
      // A promotion that was through before the runner died is not undone; anything before it is.
      expect(title === "promote" ? [before, candidate] : [before]).toContain(after);
      expect(stage.traffic.failures.slice(failuresBefore)).toEqual([]);
    },
  );

  it("is told by the next deploy, which goes its own way to the end", async () => {
    await stage.rollback().catch(() => undefined);
    const killed = await stage.deploy("flights-2", {
      interrupt: { how: "kill", when: () => stage.untilWritten(at("split", 25).like) },
    });
    expect(killed.killed, killed.raw).toBe("kill");
    const next = await stage.deploy("flights-2");
    expect(next.outputs.stage, next.raw).toBe("promoted");
    expect(next.raw).toMatch(/An earlier rollout: .*(guard|interrupted)/);
    expect(stage.traffic.failures).toEqual([]);
  }, 90_000);
});
