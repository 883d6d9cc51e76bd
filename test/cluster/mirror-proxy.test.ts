/** The mirroring proxy of target `deployment`: in and out of a Service's path under load, copies that reach the candidate
 * and answers that reach nobody, and a runner that dies at any of its writes. */
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { mirrorProgram } from "@ml-actions/release/guard";
import { DeploymentPlace } from "@ml-actions/rollout/kubernetes/deployment-place";
import { openGuarded } from "@ml-actions/rollout/kubernetes/guard-open";
import type { KubernetesTarget } from "@ml-actions/rollout/kubernetes/open";
import { rightsOf } from "@ml-actions/rollout/kubernetes/rights";
import { startLoad } from "@ml-actions/rollout/local/testing/load";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { createPlace, type Place, standIn, workload } from "./contract/place.ts";
import { begin, end } from "./contract/rollout.ts";

vi.setConfig({ testTimeout: 240_000, maxConcurrency: 3 });
beforeAll(async () => {
  await (await lab()).need("cluster");
  await mirrorProgram();
});

interface Scene {
  place: Place;
  opened: KubernetesTarget;
  stable: string;
  /** Of the candidate. */
  digest: string;
}

/** `flights` runs two pods behind a Service with a named port and another beside it; users ask all the while, some on
 * connections that they keep, and none may fail or meet the candidate. */
async function inScene(
  work: (scene: Scene) => Promise<void>,
  { answers = false }: { answers?: boolean } = {},
): Promise<void> {
  const place = await createPlace("deployment", false);
  const [old, next] = await Promise.all([standIn({ name: "old" }), standIn({ name: "next" })]);
  try {
    const env = [{ name: "PREDICTION_LOG", value: "/dev/stdout" }];
    const container = { env, ports: [{ name: "web", containerPort: 8080 }] };
    const objects = await workload({ replicas: 2, image: old.image as string, container });
    const ports = [
      { name: "http", port: 80, targetPort: "web" },
      { name: "same", port: 8080, targetPort: 8080 },
    ];
    const service = objects[1] as KubeObject;
    await place.namespace.apply([
      objects[0] as KubeObject,
      { ...service, spec: { ...(service.spec as object), ports } },
    ]);
    await place.namespace.rolledOut("flights");
    const before = await serviceOf(place);
    const { clusterIP } = before.spec as { clusterIP: string };
    const opened = await place.open();
    await begin(opened, "1", next);
    const loads = [true, false].map((keepAlive) => {
      return startLoad({ url: `http://${clusterIP}`, keepAlive, ids: !keepAlive }, 3);
    });
    try {
      await work({ place, opened, stable: old.digest, digest: next.digest });
    } finally {
      await Promise.all(loads.map((load) => load.stop()));
    }
    expect(loads.flatMap(({ failures }) => failures)).toEqual([]);
    for (const { answered } of loads) expect(answered).toBeGreaterThan(50);
    expect(loads.some(({ by }) => by.has(next.digest))).toBe(answers);
    expect((await serviceOf(place)).spec).toEqual(before.spec);
    // The cluster removes the program when it sees that nobody runs it any more.
    await vi.waitFor(async () => expect(await leftOf(place)).toEqual([]), 20_000);
  } finally {
    await place.close();
  }
}

const serviceOf = async ({ namespace }: Place) => (await namespace.get("service", "flights")) as KubeObject;

/** What was made for the mirror and is there. */
async function leftOf({ namespace }: Place): Promise<string[]> {
  const kinds = "deployments,services,pods,configmaps";
  const text = await namespace.kubectl(["get", kinds, "-o", "name"]);
  const made = /\/(ml-actions-(mirror|copies)|flights-candidate$)/;
  return text.split("\n").filter((name) => made.test(name));
}

async function requestIds(opened: KubernetesTarget, digest: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { request_id } of opened.predictions(digest)) ids.add(request_id);
  return ids;
}

describe.concurrent("the mirroring proxy in a Service's path", () => {
  it("copies every request to a candidate that answers nobody, and goes without a trace", () =>
    inScene(async ({ place, opened, stable, digest }) => {
      const { target } = opened;
      await opened.mirrored.check();
      await target.mirror(100);
      expect(await target.read()).toMatchObject({ mirrorPercent: 100, candidatePercent: 0 });
      await vi.waitFor(
        async () => expect((await requestIds(opened, digest)).size).toBeGreaterThan(300),
        60_000,
      );
      const [ofStable, ofCandidate] = [await requestIds(opened, stable), await requestIds(opened, digest)];
      const joined = [...ofCandidate].filter((id) => ofStable.has(id));
      expect(joined.length).toBeGreaterThan(0.9 * ofCandidate.size);
      const { spec } = await serviceOf(place);
      expect(spec).not.toMatchObject({ selector: { app: "flights" } });
      await target.mirror(0);
      expect(await target.read()).toMatchObject({ mirrorPercent: 0 });
      expect((await serviceOf(place)).spec).toMatchObject({ selector: { app: "flights" } });
      await target.restore();
      expect((await target.read()).candidate).toBeNull();
      await end(opened, "1", "restored");
    }));

  it("takes another share of the copies, and goes before the candidate answers anybody", () =>
    inScene(
      async ({ opened }) => {
        const { target } = opened;
        await target.mirror(100);
        await target.mirror(25);
        expect((await target.read()).mirrorPercent).toBe(25);
        await target.split(50);
        expect(await target.read()).toMatchObject({ mirrorPercent: 0, candidatePercent: 50 });
        await expect(target.mirror(100)).rejects.toMatchObject({ code: "conflict" });
        await target.restore();
        await end(opened, "1", "restored");
      },
      { answers: true },
    ));
});

/** As that process sees it which is killed at its n-th write: nothing that it does afterwards comes about. */
function dyingAt(api: Api, write: number): Api {
  let writes = 0;
  const dead = () => Promise.reject(new Error("killed"));
  const call = (name: "get" | "list" | "create" | "apply" | "replace" | "merge" | "remove") => {
    return (...given: never[]) => {
      if (name !== "get" && name !== "list") writes += 1;
      return writes >= write ? dead() : (api[name] as (...all: never[]) => Promise<unknown>)(...given);
    };
  };
  return {
    ...api,
    ...{ get: call("get"), list: call("list"), create: call("create"), apply: call("apply") },
    ...{ replace: call("replace"), merge: call("merge"), remove: call("remove") },
  } as Api;
}

describe.concurrent("a runner that is killed while the proxy comes", () => {
  // Services of both sides, the program, the Deployment, the switch.
  it.each([2, 4, 5, 6])("at write %i is followed by the guard, with its own rights", (write) =>
    inScene(async ({ place, opened }) => {
      const { api, namespace } = place;
      const resource = "deployment/flights";
      const context = {
        ...{ api: dyingAt(api, write), fence: async () => {}, namespace: namespace.name, name: "flights" },
        ...{ resource, options: {}, onTrouble: () => {}, mirror: { program: await mirrorProgram() } },
        probe: { ask: () => Promise.reject(new Error("killed")) },
      };
      await expect(new DeploymentPlace(context).mirror(100)).rejects.toThrow("killed");
      const { mirrorPercent } = await opened.target.read();
      expect(mirrorPercent).toBe(write === 6 ? 100 : 0);
      const rules = rightsOf("deployment").guard.map(({ group, resource: what, subresource, verbs }) => ({
        ...{ apiGroups: [group], verbs },
        resources: [subresource === undefined ? what : `${what}/${subresource}`],
      }));
      const kubeconfig = await namespace.restricted(rules);
      const guardsApi = openApi(await connect({ kubeconfig }));
      const guard = await openGuarded(
        { name: "deployment", object: "flights", options: {} },
        { api: guardsApi, ledger: opened.ledger, namespace: namespace.name, resource, onTrouble: () => {} },
      );
      await guard.restore();
      expect(await opened.target.read()).toMatchObject({ mirrorPercent: 0, candidate: null });
      await end(opened, "1", "restored");
    }),
  );
});
