/** The steps of a mirror on the real target `local`, with stand-in releases. */
import { copyFileSync } from "node:fs";
import { dirname } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { createLab, type Lab, standInPrograms } from "@ml-actions/rollout/local/testing/lab";
import type { Release } from "@ml-actions/rollout/target";
import type { LocalTarget } from "@ml-actions/rollout/targets/local";
import { afterEach, beforeEach, expect, it } from "vitest";
import { flights } from "../../../test/actions/suite.ts";
import { parseResource } from "../../resource.ts";
import type { ShadowInputs, ShadowOutputs } from "./definition.ts";
import { mirror } from "./mirror.ts";

let lab: Lab;
let place: LocalTarget;
let stable: Release;
let candidate: Release;
let said: string[];
let sending: NodeJS.Timeout;
let failures: number;

const lease = { holder: "test", rollout: "1", ttlMs: 5_000 };
const write = (step: Parameters<LocalTarget["ledger"]["write"]>[0]["step"]) =>
  place.ledger.write({ at: Date.now(), rollout: lease.rollout, holder: lease.holder, step });

async function releaseOf(name: string, score: number): Promise<Release> {
  const release = await lab.release({ name, score });
  copyFileSync(flights("flights-1.contract.json"), release.model.contract);
  return release;
}

beforeEach(async () => {
  lab = await createLab();
  said = [];
  failures = 0;
  place = await lab.open({ resource: "state" });
  stable = await releaseOf("stable", 0.5);
  candidate = await releaseOf("candidate", 0.5);
  await place.ledger.hold(lease);
  await write({ name: "begin", candidate: stable, stable: null, steps: [] });
  await place.target.prepare(stable);
  await place.target.promote();
  await write({ name: "end", stage: "promoted", verdict: "first" });
  await place.ledger.release(lease.rollout);
  process.env.ML_ACTIONS_LOCAL_STATE = dirname(lab.stateDirectory);
  const { url } = await place.target.read();
  let number = 0;
  sending = setInterval(() => {
    const headers = { "x-request-id": `r${number++}` };
    fetch(`${url}/predict`, { method: "POST", headers, body: "{}" }).then(
      async (answer) => {
        const { model } = (await answer.json()) as { model: { name: string } };
        if (answer.status !== 200 || model.name !== "stable") failures++;
      },
      () => failures++,
    );
  }, 20);
});
afterEach(async () => {
  clearInterval(sending);
  delete process.env.ML_ACTIONS_LOCAL_STATE;
  await lab.close();
});

const inputs: ShadowInputs = {
  target: "local",
  // The lab's state directory has this name.
  resource: parseResource("state"),
  candidate: { kind: "file", path: "candidate.onnx" },
  ...{ guard: "required", telemetry: "auto", mode: "mirror", percent: 100, gates: [] },
  ...{ "min-samples": 40, "min-coverage": 0.9, duration: 2_000 },
};
const context = (signal = new AbortController().signal) => {
  const say = (line: string) => said.push(line);
  return {
    log: { info: say, warning: say, error: say, notice: say },
    ...{ signal, holder: "shadow", programs: { ...standInPrograms, guard: "" }, environment: () => {} },
  } as unknown as ActionContext<ShadowOutputs>;
};

const stepsOf = async () => (await place.ledger.journal()).map(({ step }) => step.name);
const asked = { widthFor: async () => 1 };

it("has every step in the journal, compares, and leaves nothing", async () => {
  const { run, decision, cluster } = await mirror({ ...inputs, duration: 4_500 }, context(), candidate, {
    ...asked,
    // Stand-ins log their own digest in place of that of the input.
    decide: async ({ tally }) => tally.differingInputs,
  });
  expect(decision).toBeGreaterThan(20);
  expect(run.stable.digest).toBe(stable.digest);
  expect(cluster).toBeNull();
  expect(await stepsOf()).toEqual(["begin", "prepare", "mirror", "split", "mirror", "restore", "end"]);
  expect(await place.target.read()).toMatchObject({ candidate: null, mirrorPercent: 0 });
  expect(await place.ledger.lease()).toBeNull();
  expect(failures).toBe(0);
});

it("takes the candidate away when it is cancelled, or its decision is an error", async () => {
  const cancelled = new AbortController();
  const work = mirror(inputs, context(cancelled.signal), candidate, {
    ...asked,
    decide: async () => 1,
  });
  setTimeout(() => cancelled.abort(), 1_000);
  await expect(work).rejects.toMatchObject({ name: "AbortError" });
  const decide = async () => Promise.reject(new UserError("no labels", { remedy: "" }));
  await expect(mirror(inputs, context(), candidate, { ...asked, decide })).rejects.toThrow("no labels");
  expect((await stepsOf()).slice(-2)).toEqual(["restore", "end"]);
  expect(await place.target.read()).toMatchObject({ candidate: null, mirrorPercent: 0 });
});

it("ends when somebody takes the mirror away", async () => {
  // What it reads is all that it knows of the others.
  const { log, ...rest } = context();
  const info = (line: string) => {
    if (!line.includes("nobody sees")) return;
    const request = { holder: "other", rollout: "2", ttlMs: 5_000, seize: true };
    place.ledger.hold(request).then(
      () => place.target.mirror(0),
      () => {},
    );
  };
  const work = mirror(inputs, { ...rest, log: { ...log, info } } as never, candidate, {
    ...asked,
    decide: async () => 1,
  });
  await expect(work).rejects.toThrow(/somebody else changed it|no longer holds the lease/);
  expect(failures).toBe(0);
});

it("touches nothing where the comparison is refused", async () => {
  const widthFor = async () => Promise.reject(new UserError("other classes", { remedy: "" }));
  await expect(mirror(inputs, context(), candidate, { widthFor, decide: async () => 1 })).rejects.toThrow(
    "other classes",
  );
  expect(await stepsOf()).toEqual(["begin", "end"]);
});

it("takes away first what an earlier run left", async () => {
  const left = await releaseOf("left", 0.1);
  await place.ledger.hold({ ...lease, rollout: "3" });
  await place.ledger.write({
    ...{ at: Date.now(), rollout: "3", holder: "test" },
    step: { name: "begin", candidate: left, stable, steps: [] },
  });
  await place.target.prepare(left);
  const late = mirror(inputs, context(), candidate, { ...asked, decide: async () => 1 });
  await late;
  expect(said.join("\n")).toMatch(/has the lease|An earlier rollout/);
  expect(await place.target.read()).toMatchObject({ candidate: null });
}, 30_000);
