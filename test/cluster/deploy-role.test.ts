/** The built deploy and rollback with exactly the rights of docs/rbac, with the guard that they ask for: to the end, when
 * the run is cancelled or killed in the middle, and back to what was there before us. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { flights, newJob } from "../actions/suite.ts";
import { liveRequests } from "../demo/live-requests.ts";
import { lab } from "../lab/lab.ts";
import type { Job, StepOptions } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";
import { type Images, serving, signedImages, statusAt } from "./deploy-room.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";
import { asRole } from "./role-account.ts";

let images: Images;
let key: string;

beforeAll(async () => {
  await (await lab()).need("cluster", "gateway");
  const signed = await signedImages();
  images = signed.images;
  key = signed.signing.key;
});

const resource = "httproute/flights";

/** Users ask all the while; nobody may meet a failure. */
async function withUsers(namespace: TestNamespace, work: (traffic: Traffic) => Promise<void>): Promise<void> {
  const { objects, host, url } = await serving(namespace, "flights", images["flights-1"]);
  await namespace.apply(objects);
  await namespace.rolledOut("flights");
  while ((await statusAt(url, host)) !== 200) await sleep(200);
  const traffic = new Traffic({ url, host, requests: await liveRequests(flights("")), perSecond: 40 });
  traffic.start();
  try {
    await work(traffic);
  } finally {
    await traffic.stop();
  }
  expect(traffic.failures).toEqual([]);
  expect(traffic.answered).toBeGreaterThan(100);
}

const deploying = (namespace: TestNamespace, kubeconfig: string, more: Partial<StepOptions> = {}) => ({
  action: "deploy",
  timeoutMs: 240_000,
  inputs: {
    ...{ resource, kubeconfig, namespace: namespace.name, key, require: "eval" },
    ...{ candidate: images["flights-2"].reference, steps: "50, 100", interval: "500ms" },
    ...{ gates: "error_rate <= 0.2 [refute]\nnan_rate <= 0.02" },
    ...more.inputs,
  },
  ...(more.interrupt !== undefined && { interrupt: more.interrupt }),
});

/** Whatever a rollout made for itself has gone, and the lease is free. */
async function untilNothingIsLeft({ kubectl, get }: TestNamespace): Promise<void> {
  const left = async () => {
    const jobs = (await kubectl(["get", "jobs", "-o", "name"])).trim();
    const candidate = (await get("deployment", "flights-candidate")) === null ? "" : "a candidate";
    const leases = JSON.parse(await kubectl(["get", "leases", "-o", "json"])) as {
      items: { spec: { holderIdentity?: string } }[];
    };
    const held = leases.items.map(({ spec }) => spec.holderIdentity ?? "").join("");
    return `${jobs}${candidate}${held}`;
  };
  await vi.waitFor(async () => expect(await left()).toBe(""), { timeout: 60_000, interval: 500 });
}

describe.concurrent("with exactly the rights of docs/rbac", () => {
  let jobs: Job[] = [];
  const job = async () => {
    const made = await newJob();
    jobs.push(made);
    return made;
  };
  afterAll(async () => {
    for (const each of jobs) await each.end();
    jobs = [];
  });

  it(
    "a guarded deploy promotes, and a rollback goes back to what was found, verified again",
    () =>
      inNamespace((namespace) =>
        withUsers(namespace, () =>
          asRole(namespace, "gateway", async (kubeconfig) => {
            const own = await job();
            const done = await own.run(deploying(namespace, kubeconfig));
            expect(done.exitCode, done.raw).toBe(0);
            expect(done.outputs.stage).toBe("promoted");
            expect(done.summary).toContain("required, lives");
            await untilNothingIsLeft(namespace);

            const back = await own.run({
              action: "rollback",
              timeoutMs: 120_000,
              inputs: { resource, kubeconfig, namespace: namespace.name, key, require: "eval" },
            });
            expect(back.exitCode, back.raw).toBe(0);
            expect(back.outputs.restored).toBe(images["flights-1"].digest);
            await untilNothingIsLeft(namespace);
          }),
        ),
      ),
    300_000,
  );

  it.for(["cancel", "kill"] as const)("a deploy that is ended by %s leaves stable with all traffic", (how) =>
    inNamespace((namespace) =>
      withUsers(namespace, (traffic) =>
        asRole(namespace, "gateway", async (kubeconfig) => {
          const own = await job();
          const done = await own.run(
            deploying(namespace, kubeconfig, {
              // Never shown with these few requests: the step lasts until it is interrupted.
              inputs: { "min-samples": "1000000" },
              interrupt: { how, when: (running) => running.line(/ 50 % /) },
            }),
          );
          expect(done.killed, done.raw).toBe(how);
          const began = performance.now();
          const [post] = await own.end();
          if (how === "kill") expect(post?.log).toMatch(/was stopped in the middle/);
          else expect(done.outputs.stage).toBe("restored");
          expect(performance.now() - began).toBeLessThan(60_000);
          await untilNothingIsLeft(namespace);
          const seen = () => traffic.models.get("flights-2")?.requests ?? 0;
          const before = seen();
          await sleep(2_000);
          expect(seen()).toBe(before);
        }),
      ),
    ),
  );
});
