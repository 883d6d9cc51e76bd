/** Two at once on one resource, and people who change their minds: nobody's traffic suffers, and each is told by name. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { errorsOf } from "../runner/errors-of.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.end());

/** A deploy that is at its first step and will be for a while. */
function lingering() {
  const step = stage.untilWritten(({ step }) => step.name === "split");
  const deploy = stage.deploy("flights-2", {
    inputs: { gates: "error_rate <= 0.000001", "step-timeout": "20s" },
  });
  return { step, deploy };
}

it("a second deploy is refused at once while the first lives, and names it", async () => {
  const first = stage.deploy("flights-2", { inputs: { bake: "6s" } });
  await stage.untilWritten(({ step }) => step.name === "split");
  const second = await stage.deploy("flights-treacherous");
  expect(second.exitCode).toBe(1);
  expect(errorsOf(second).join()).toMatch(/actions\/runs\/\d+.* holds the lease/);
  expect((await first).outputs).toMatchObject({ stage: "promoted", verdict: "pass" });
  expect((await stage.situation()).stable?.label).toBe("flights-2");
  await stage.rollback();
}, 120_000);

it("a rollback takes a running deploy's candidate back, and the deploy says who did it", async () => {
  const { step, deploy } = lingering();
  await step;
  const back = await stage.rollback();
  expect(back.exitCode, back.raw).toBe(0);
  const stopped = await deploy;
  expect(stopped.exitCode).toBe(1);
  expect(errorsOf(stopped).join()).toMatch(/no longer holds the lease: .* took over/);
  expect(await stage.situation()).toMatchObject({ stable: { label: "flights-1" }, candidate: null });
}, 120_000);

it("a cancelled deploy restores before it ends", async () => {
  const cancelled = await stage.deploy("flights-2", {
    inputs: { gates: "error_rate <= 0.000001" },
    interrupt: { how: "cancel", when: () => stage.untilWritten(({ step }) => step.name === "split") },
  });
  expect(cancelled.outputs).toMatchObject({ stage: "restored", verdict: "inconclusive" });
  expect((await stage.situation()).candidate).toBeNull();
}, 60_000);

it("a deploy that was killed in the middle is cleaned up by its post step, before its lease ends", async () => {
  const killed = await stage.deploy("flights-2", {
    interrupt: { how: "kill", when: () => stage.untilWritten(({ step }) => step.name === "split") },
  });
  expect(killed.killed).toBe("kill");
  await stage.traffic.stop();
  const [post] = await stage.job.end();
  expect(post?.exitCode, post?.raw).toBe(0);
  expect(post?.raw).toMatch(
    /The deploy of flights was stopped in the middle: flights-2 was taken back; flights-1 has all traffic/,
  );
}, 60_000);

it("lost no request in all of this", () => {
  expect(stage.traffic.failures).toEqual([]);
  expect(stage.traffic.answered).toBeGreaterThan(1000);
});
