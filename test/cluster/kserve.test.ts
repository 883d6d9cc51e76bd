/** Target `kserve` with real traffic through Envoy, in Standard mode, on the host that KServe itself made up. */
import { kubernetesTarget, type PromotionLedger } from "@ml-actions/rollout/kubernetes/target";
import type { HistoryEntry } from "@ml-actions/rollout/target";
import { kservePlatform } from "@ml-actions/rollout/targets/kserve";
import { beforeAll, expect, test } from "vitest";
import { labImages } from "../lab/images.ts";
import { lab } from "../lab/lab.ts";
import {
  ask,
  contextFor,
  gatewayUrl,
  hostOf,
  inferenceService,
  releaseOfImage,
  traffic,
  untilReady,
} from "./kserve-fixture.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";

beforeAll(async () => {
  await (await lab()).need("kserve");
});

/** The order of steps is the target's; who may take them is the ledger's, and has tests of its own. */
function unguarded(): PromotionLedger {
  let head: HistoryEntry | null = null;
  return {
    fence: async () => {},
    fenceTraffic: async () => {},
    commit: async (release) => {
      head = { release, promotedAt: 0, verdict: "pass", rollout: "1" };
    },
    committed: async () => head,
    lease: async () => null,
  };
}

async function started(namespace: TestNamespace, name: string) {
  const { standIn } = await labImages();
  const one = await standIn({ name: "one", score: 0.1 });
  await namespace.apply([inferenceService("flights", one)]);
  await untilReady(namespace, "flights");
  const platform = await kservePlatform(await contextFor(namespace, "flights"));
  const target = kubernetesTarget({ platform, ledger: unguarded() });
  const [url, host] = [await gatewayUrl(), hostOf("flights", namespace.name)];
  // KServe calls it ready when the route is accepted, which is before Envoy has it.
  await expect.poll(async () => (await ask(url, host)).status, { timeout: 20_000 }).toBe(200);
  const load = traffic(url, host);
  return {
    target,
    load,
    one,
    releaseOf: async (behaviour: object) => releaseOfImage(await standIn({ name, ...behaviour }), name),
  };
}

test("a good release is promoted, and no request fails", async () => {
  await inNamespace(async (namespace) => {
    const { target, load, releaseOf } = await started(namespace, "good");
    const good = await releaseOf({ score: 0.2 });
    await target.prepare(good);
    for (const percent of [10, 50]) await target.split(percent);
    await target.promote();
    expect(await target.read()).toMatchObject({ stable: { digest: good.digest }, candidate: null });
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.answers.at(-1)?.release).toBe(good.digest);
    expect(await namespace.get("inferenceservice", "flights-candidate")).toBeNull();
    expect(await namespace.get("httproute", "flights-rollout")).toBeNull();
  });
}, 240_000);

test("a bad release is taken back, and no request to stable fails", async () => {
  await inNamespace(async (namespace) => {
    const { target, load, one, releaseOf } = await started(namespace, "bad");
    const bad = await releaseOf({ failEvery: 1 });
    await target.prepare(bad);
    await target.split(20);
    const verdict = performance.now();
    await target.restore();
    expect(await target.read()).toMatchObject({ stable: { digest: one.digest }, candidate: null });
    await load.stop();
    const fromBad = load.answers.filter(({ release }) => release === bad.digest);
    expect(fromBad.length).toBeGreaterThan(0);
    const last = Math.max(...fromBad.map(({ at }) => at));
    console.log(
      `kserve: ${((last - verdict) / 1000).toFixed(1)} s from the verdict to the candidate's last answer`,
    );
    expect(load.failures.filter((failure) => !failure.includes(bad.digest.slice(0, 15)))).toEqual([]);
  });
}, 240_000);

test("a route that users have before the predictor is the one that is written", async () => {
  await inNamespace(async (namespace) => {
    const { gateway } = await lab();
    const { target, load, releaseOf } = await started(namespace, "behind");
    await load.stop();
    const host = `own-${namespace.name}.test`;
    const rules = [{ backendRefs: [{ name: "flights-predictor", port: 80 }] }];
    const parentRefs = [{ namespace: gateway.namespace, name: gateway.name }];
    await namespace.apply([
      {
        ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: { name: "own" } },
        spec: { parentRefs, hostnames: [host], rules },
      },
    ]);
    const own = traffic(gateway.url, host);
    const release = await releaseOf({ score: 0.3 });
    await target.prepare(release);
    await target.split(50);
    expect(await namespace.get("httproute", "flights-rollout")).toBeNull();
    await target.restore();
    await own.stop();
    expect(new Set(own.answers.slice(-5).map(({ release }) => release)).size).toBe(1);
    expect((await namespace.get("httproute", "own"))?.spec).toMatchObject({
      rules: [{ backendRefs: [{ name: "flights-predictor", weight: 1 }] }],
    });
  });
}, 240_000);
