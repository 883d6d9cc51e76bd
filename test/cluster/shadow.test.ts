/** The built shadow in a cluster, with users' traffic through a real Envoy: a candidate that may pass, one that answers
 * something else, some that harm nobody, and a runner that dies in the middle. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { guardProgram } from "@ml-actions/release/guard";
import { rightsOf } from "@ml-actions/rollout/kubernetes/rights";
import type { Behaviour } from "@ml-actions/rollout/local/testing/stand-in-server";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { filesOf, flights, newJob } from "../actions/suite.ts";
import { liveRequests } from "../demo/live-requests.ts";
import { labImages } from "../lab/images.ts";
import { lab } from "../lab/lab.ts";
import { errorsOf } from "../runner/errors-of.ts";
import type { PhaseResult, StepOptions } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";
import { grantGuard } from "./guard-account.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";
import { type Serving, serve, shadowImage } from "./shadow-fixture.ts";

vi.setConfig({ testTimeout: 300_000, maxConcurrency: 3 });
beforeAll(async () => {
  await (await lab()).need("cluster", "gateway", "istio");
});

interface Scene {
  namespace: TestNamespace;
  serving: Serving;
  traffic: Traffic;
  shadow(
    candidate: string,
    inputs?: Record<string, string>,
    more?: Partial<StepOptions>,
  ): Promise<PhaseResult>;
}

interface Given {
  target?: "gateway" | "istio";
  stable: string;
  replicas?: number;
  container?: Record<string, unknown>;
}

/** Users ask all the while, and none of their requests may fail, whatever happens beside stable. */
async function inScene(
  { target = "gateway", stable, ...more }: Given,
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  await inNamespace(async (namespace) => {
    const serving = await serve(namespace, target, stable, more);
    const requests = await liveRequests(flights(""));
    const traffic = new Traffic({ ...serving, requests, perSecond: 40 });
    await vi.waitFor(() => answering(serving), { timeout: 60_000, interval: 300 });
    const before = await routeOf(namespace, serving);
    const job = await newJob();
    traffic.start();
    try {
      const shadow: Scene["shadow"] = (candidate, inputs = {}, options = {}) =>
        job.run({
          ...{ action: "shadow", timeoutMs: 240_000, ...options },
          inputs: {
            ...{ kubeconfig: namespace.kubeconfig, namespace: namespace.name, guard: "off" },
            ...{ resource: serving.resource, candidate, duration: "40s" },
            ...{ gates: "agreement >= 0.5", "min-samples": "200", "min-coverage": "0.9", ...inputs },
          },
        });
      await work({ namespace, serving, traffic, shadow });
    } finally {
      await traffic.stop();
      await job.end();
    }
    expect(traffic.failures).toEqual([]);
    expect(traffic.answered).toBeGreaterThan(200);
    // Nobody was answered by the candidate, and nothing of it is left.
    expect([...traffic.models.keys()]).toHaveLength(1);
    expect(await routeOf(namespace, serving)).toEqual(before);
    expect(await namespace.get("deployment", "flights-candidate")).toBeNull();
    expect(await namespace.get("service", "flights-candidate")).toBeNull();
  });
}

async function answering({ url, host }: Serving): Promise<void> {
  const { request } = await import("node:http");
  const status = await new Promise((resolve) => {
    const call = request(`${url}/ready`, { headers: { host }, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    call.on("timeout", () => call.destroy());
    call.on("error", resolve);
    call.end();
  });
  expect(status).toBe(200);
}

async function routeOf(namespace: TestNamespace, { resource }: Serving): Promise<unknown> {
  const [kind = "", name = ""] = resource.split("/");
  return ((await namespace.get(kind, name)) as KubeObject).spec;
}

const standIn = (name: string, behaviour: Omit<Behaviour, "name"> = {}) =>
  shadowImage({ name, ...behaviour });

describe.concurrent("shadow in a cluster", () => {
  it("passes a good candidate of the real server, joined over the pods of both sides", async ({ expect }) => {
    const images = await labImages();
    const [stable, candidate] = await Promise.all([images.flights("flights-1"), images.flights("flights-2")]);
    const container = {
      resources: { requests: { cpu: "10m", memory: "96Mi" }, limits: { memory: "400Mi" } },
      env: ["POOL_SIZE=1", "PREDICTION_LOG=/dev/stdout"].map((entry) => {
        const [name, value] = entry.split("=");
        return { name, value };
      }),
    };
    await inScene({ stable: stable.reference, replicas: 2, container }, async ({ namespace, shadow }) => {
      const done = await shadow(candidate.reference, {
        gates: "agreement >= 0.5\nnan_rate <= 0.01\nerror_rate <= 0.05",
      });
      expect(done.outputs, done.raw).toMatchObject({ verdict: "pass", passed: "true" });
      const { metrics, evidence } = filesOf(done);
      expect(metrics.candidate.coverage).toBeGreaterThan(0.9);
      expect(metrics.candidate.duplicate_requests).toBe(0);
      expect(evidence.subject[0]?.digest.sha256).toBe(candidate.digest.slice("sha256:".length));
      expect(done.summary).toContain(`\`httproute/flights\` in \`${namespace.name}\` (gateway,`);
    });
  });

  it("fails one that answers something else, and names the difference", async ({ expect }) => {
    const [stable, candidate] = await Promise.all([
      standIn("stable"),
      standIn("other", { score: 0.1, delayMs: 20 }),
    ]);
    await inScene({ stable }, async ({ shadow }) => {
      const gates = "agreement >= 0.95\nscore_drift <= 0.1\nnan_rate <= 0.01\nlatency.p50 <= 10s";
      const done = await shadow(candidate, { gates });
      expect(done.outputs, done.raw).toMatchObject({ verdict: "fail", passed: "false" });
      expect(errorsOf(done).join("\n")).toMatch(/agreement >= 0.95[\s\S]*score_drift <= 0.1/);
      const { metrics } = filesOf(done);
      expect(metrics.candidate).toMatchObject({ agreement: 0 });
    });
  });

  it("on istio joins the copies that Envoy renames the host of", async ({ expect }) => {
    const [stable, candidate] = await Promise.all([standIn("stable"), standIn("same")]);
    await inScene({ target: "istio", stable }, async ({ shadow }) => {
      const done = await shadow(candidate, { gates: "agreement >= 0.95\nerror_rate <= 0.05" });
      expect(done.outputs, done.raw).toMatchObject({ verdict: "pass" });
    });
  });

  it("lets no user wait for one that is slow, or feel one that crashes", async ({ expect }) => {
    const [stable, slow, crashing] = await Promise.all([
      standIn("stable"),
      standIn("slow", { delayMs: 20_000 }),
      standIn("crashing", { crashAt: 20 }),
    ]);
    await inScene({ stable }, async ({ shadow, traffic }) => {
      for (const candidate of [slow, crashing]) {
        const done = await shadow(candidate, { duration: "15s", "min-samples": "100" });
        expect(done.outputs.passed, done.raw).toBe("false");
        expect(errorsOf(done).join("\n")).toMatch(/could be compared|samples/);
      }
      expect(traffic.failures).toEqual([]);
    });
  });

  it("leaves nothing when the runner is killed: the guard takes mirror and candidate away", async ({
    expect,
  }) => {
    const [stable, candidate] = await Promise.all([standIn("stable"), standIn("same"), guardProgram()]);
    await inScene({ stable }, async ({ namespace, serving, shadow }) => {
      await grantGuard(namespace, rightsOf("gateway").guard);
      const interrupt = {
        how: "kill",
        when: (running: { line(pattern: RegExp): Promise<string> }) => running.line(/answers compared of/),
      } as const;
      const killed = await shadow(
        candidate,
        { guard: "required", "guard-image": stable, "min-samples": "100000", duration: "10m" },
        { interrupt },
      );
      const killedAt = performance.now();
      expect(killed.signal, killed.raw).toBe("SIGKILL");
      expect(JSON.stringify(await routeOf(namespace, serving))).toContain("RequestMirror");
      await expect
        .poll(async () => JSON.stringify(await routeOf(namespace, serving)), { timeout: 90_000 })
        .not.toContain("RequestMirror");
      const seconds = (performance.now() - killedAt) / 1_000;
      console.error(`shadow: the mirror is gone ${seconds.toFixed(1)} s after the runner was killed`);
      expect(seconds).toBeLessThan(60);
      await expect
        .poll(() => namespace.get("deployment", "flights-candidate"), { timeout: 30_000 })
        .toBeNull();
      await expect.poll(() => namespace.get("service", "flights-candidate"), { timeout: 30_000 }).toBeNull();
    });
  });
});
