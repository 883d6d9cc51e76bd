/** The built deploy and rollback on `gateway`, with traffic through Envoy. */
import { setTimeout as sleep } from "node:timers/promises";
import { lexer } from "marked";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filesOf, flights, newJob } from "../actions/suite.ts";
import { liveRequests } from "../demo/live-requests.ts";
import { lab } from "../lab/lab.ts";
import { errorsOf } from "../runner/errors-of.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";
import { type Images, serving, signedImages } from "./deploy-room.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";

let images: Images;
let key: string;
let job: Job;

beforeAll(async () => {
  await (await lab()).need("cluster", "gateway");
  const signed = await signedImages();
  images = signed.images;
  key = signed.signing.key;
  job = await newJob();
});
afterAll(() => job?.end());

const gates = "error_rate <= 0.2 [refute]\nnan_rate <= 0.02";
const step = (namespace: TestNamespace, inputs: Record<string, string>, action = "deploy") =>
  job.run({
    action,
    // Long enough for a machine that is busy with other things.
    timeoutMs: 300_000,
    inputs: {
      kubeconfig: namespace.kubeconfig,
      namespace: namespace.name,
      guard: "off",
      ...(action === "deploy" && {
        ...{ key, require: "eval", steps: "50, 100", gates, interval: "500ms", "step-timeout": "90s" },
      }),
      ...inputs,
    },
  });

const settled = (done: PhaseResult) =>
  Number(/100\u00a0% ([\d.]+)\u00a0s after the verdict/.exec(done.summary)?.[1]);

describe("deploy on gateway", () => {
  it(
    "promotes a good release and takes a treacherous one back, and no user sees it",
    () =>
      inNamespace(async (namespace) => {
        const { objects, host, url } = await serving(namespace, "flights", images["flights-1"]);
        await namespace.apply(objects);
        await namespace.rolledOut("flights");
        while ((await statusAt(url, host)) !== 200) await sleep(200);
        const requests = await liveRequests(flights(""));
        const traffic = new Traffic({ url, host, requests, perSecond: 60 });
        traffic.start();
        try {
          const resource = "httproute/flights";
          const promoted = await step(namespace, { resource, candidate: images["flights-2"].reference });
          expect(promoted.exitCode, promoted.raw).toBe(0);
          expect(promoted.outputs).toMatchObject({
            stage: "promoted",
            verdict: "pass",
            stable: images["flights-2"].digest,
            image: images["flights-2"].reference,
          });
          expect(filesOf(promoted).evidence.predicate.result).toBe("PASSED");
          expect(promoted.summary).toContain(`\`httproute/flights\` in \`${namespace.name}\` (gateway,`);
          expect(settled(promoted)).toBeGreaterThan(0);

          const bad = await step(namespace, { resource, candidate: images["flights-treacherous"].reference });
          expect(bad.exitCode, bad.raw).toBe(1);
          expect(bad.outputs).toMatchObject({
            stage: "restored",
            verdict: "fail",
            stable: images["flights-2"].digest,
          });
          expect(errorsOf(bad).join()).toMatch(/nan_rate/);
          expect(bad.summary).toMatch(/taken back/);
          expect(lexer(bad.summary).some(({ type }) => type === "table")).toBe(true);
          expect(settled(bad)).toBeLessThan(20);
          console.error(`verdict to 100 %: promoted ${settled(promoted)} s, restored ${settled(bad)} s`);

          const back = await step(namespace, { resource }, "rollback");
          expect(back.exitCode, back.raw).toBe(0);
          expect(back.outputs.restored).toBe(images["flights-1"].digest);
        } finally {
          await traffic.stop();
        }
        expect(traffic.failures).toEqual([]);
        expect(traffic.answered).toBeGreaterThan(500);
        expect(traffic.models.get("flights-treacherous")?.requests ?? 0).toBeGreaterThan(0);
        expect(await namespace.get("deployment", "flights-candidate")).toBeNull();
      }),
    240_000,
  );
});

async function statusAt(url: string, host: string): Promise<number> {
  const { request } = await import("node:http");
  return new Promise((resolve) => {
    const call = request(`${url}/ready`, { headers: { host }, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(0));
    call.end();
  });
}
