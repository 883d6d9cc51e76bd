/** Target `gateway`: what an HTTPRoute and a real Envoy do that a naive target trips over. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { askMany, type Entrance } from "@ml-actions/rollout/local/testing/load";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { route } from "./contract/fixtures.ts";
import { createPlace, type Place, standIn, type WorkloadOptions, workload } from "./contract/place.ts";
import { begin, end, mirrorHalf, secondsUntilSilent, underLoad } from "./contract/rollout.ts";

vi.setConfig({ testTimeout: 480_000, maxConcurrency: 4 });
beforeAll(async () => {
  await (await lab()).need("cluster", "gateway");
});

interface GatewayPlace extends Place {
  entrance: Entrance;
}

async function inPlace(
  { rules, ...options }: WorkloadOptions & { rules?: unknown[] },
  work: (place: GatewayPlace) => Promise<void>,
  others: KubeObject[] = [],
): Promise<void> {
  const place = await createPlace("gateway", false);
  try {
    const host = `${place.namespace.name}.test`;
    await place.namespace.apply([...(await workload(options)), await route(host, rules), ...others]);
    if ((options.replicas ?? 0) > 0) await place.namespace.rolledOut("flights");
    const { url } = (await lab()).gateway;
    await work({ ...place, entrance: { url, host, keepAlive: true } });
  } finally {
    await place.close();
  }
}

const pair = () => Promise.all([standIn({ name: "old" }), standIn({ name: "next" })]);
const rulesOf = async ({ namespace }: Place) =>
  (((await namespace.get("httproute", "flights")) as KubeObject).spec as { rules: unknown[] }).rules;

describe.concurrent("traffic", () => {
  it("moves off a stable that others deployed, and onto it again, without a failed request", async () => {
    const [old, next] = await pair();
    const rules = [
      {
        matches: [{ path: { type: "Exact", value: "/other" }, method: "GET" }],
        backendRefs: [{ group: "", kind: "Service", name: "flights", port: 80, weight: 7 }],
      },
      {
        matches: [
          { path: { type: "PathPrefix", value: "/predict" } },
          {
            path: { type: "PathPrefix", value: "/" },
            headers: [{ type: "Exact", name: "x-team", value: "search" }],
          },
        ],
        filters: [
          {
            type: "ResponseHeaderModifier",
            responseHeaderModifier: { set: [{ name: "x-kept", value: "1" }] },
          },
        ],
        timeouts: { request: "10s" },
        backendRefs: [{ group: "", kind: "Service", name: "flights", port: 80, weight: 1 }],
      },
    ];
    await inPlace({ replicas: 2, image: old.image as string, rules }, async (place) => {
      const own = "ml-actions.github.io/rule=1";
      await place.namespace.kubectl(["annotate", "httproute", "flights", own]);
      const before = await rulesOf(place);
      const opened = await place.open();
      await underLoad(place.entrance, async (load) => {
        await begin(opened, "1", next);
        await opened.target.split(1);
        await opened.target.split(50);
        const [other, model] = (await rulesOf(place)) as Record<string, unknown>[];
        const { backendRefs: _, ...kept } = before[1] as Record<string, unknown>;
        expect([other, model]).toMatchObject([before[0], kept]);
        const at = performance.now();
        const restored = opened.target.restore();
        const seconds = await secondsUntilSilent(load, next, at);
        await restored;
        console.info(`gateway: ${seconds.toFixed(1)} s from restore to 100 % stable`);
        expect(await rulesOf(place)).toEqual(before);
        await opened.target.prepare(next);
        await opened.target.promote();
      });
      await end(opened, "1", "promoted");
      expect(await rulesOf(place)).toEqual(before);
      const { by } = await askMany(place.entrance, 20);
      expect([...by]).toEqual([[next.digest, 20]]);
      for (const [kind, name] of [
        ["deployment", "flights-candidate"],
        ["service", "flights-candidate"],
      ] as const) {
        expect(await place.namespace.get(kind, name)).toBeNull();
      }
    });
  });

  it("is mirrored in that share, and the copies' answers reach nobody", async () => {
    const [old, next] = await pair();
    await inPlace({ replicas: 1, image: old.image as string }, async (place) => {
      const opened = await place.open();
      await mirrorHalf(place, opened, next);
      await opened.target.restore();
      await end(opened, "1", "restored");
    });
  });
});

describe.concurrent("the candidate", () => {
  it("is counted by no Service, budget or ReplicaSet of stable's", async () => {
    const [old, next] = await pair();
    const budget = {
      ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "flights" } },
      spec: { minAvailable: 1, selector: { matchLabels: { app: "flights" } } },
    } as KubeObject;
    await inPlace(
      { replicas: 2, image: old.image as string },
      async (place) => {
        const opened = await place.open();
        await begin(opened, "1", next);
        await opened.target.split(50);
        const selected = await place.api.list(
          { apiVersion: "v1", kind: "Pod", namespace: place.namespace.name },
          { labelSelector: "app=flights" },
        );
        expect(selected).toHaveLength(2);
        await vi.waitFor(async () => {
          const { status } = (await place.namespace.get("pdb", "flights")) as KubeObject;
          expect(status).toMatchObject({ expectedPods: 2 });
        });
        await opened.target.restore();
        await end(opened, "1", "restored");
      },
      [budget],
    );
  });
});

describe.concurrent("the route", () => {
  it("that others change in the middle of a rollout keeps their change", async () => {
    const [old, next] = await pair();
    await inPlace({ replicas: 1, image: old.image as string }, async (place) => {
      const opened = await place.open();
      await begin(opened, "1", next);
      await opened.target.split(50);
      const patch = [{ op: "add", path: "/spec/rules/0/timeouts", value: { request: "7s" } }];
      await place.namespace.kubectl([
        "patch",
        "httproute",
        "flights",
        "--type=json",
        "-p",
        JSON.stringify(patch),
      ]);
      await opened.target.split(25);
      expect((await rulesOf(place))[0]).toMatchObject({ timeouts: { request: "7s" } });
      await opened.target.restore();
      const [rule] = (await rulesOf(place)) as { backendRefs: { name: string; weight?: number }[] }[];
      expect(rule).toMatchObject({ timeouts: { request: "7s" } });
      expect(rule?.backendRefs.map(({ name, weight = 1 }) => [name, weight])).toEqual([["flights", 1]]);
      await end(opened, "1", "restored");
    });
  });

  it("whose references are not resolved is no split; stable is restored all the same", async () => {
    const [old, next] = await pair();
    await inPlace({ replicas: 1, image: old.image as string }, async (place) => {
      const opened = await place.open();
      await begin(opened, "1", next);
      await place.namespace.kubectl(["delete", "service", "flights-candidate"]);
      await expect(opened.target.split(50)).rejects.toMatchObject({
        code: "not-routed",
        message: expect.stringMatching(/ResolvedRefs is False/),
      });
      await opened.target.restore();
      const { failures, by } = await askMany(place.entrance, 20);
      expect([failures, [...by.values()]]).toEqual([[], [20]]);
      await end(opened, "1", "restored");
    });
  });

  it("with several rules or backends is refused before anything is made", async () => {
    const backend = { name: "flights", port: 80 };
    const matches = [{ path: { type: "PathPrefix", value: "/other" } }];
    const two = [{ backendRefs: [backend] }, { matches, backendRefs: [backend] }];
    await inPlace({ rules: two }, async (place) => {
      const work = async () => (await place.open()).target.prepare(await standIn({ name: "next" }));
      await expect(work()).rejects.toThrow(/has 2 rules/);
      const rule = "ml-actions.github.io/rule=1";
      await place.namespace.kubectl(["annotate", "httproute", "flights", rule]);
      await expect(place.open().then(({ target }) => target.read())).resolves.toMatchObject({ stable: null });
      expect(await place.namespace.get("deployment", "flights-candidate")).toBeNull();
    });
    await inPlace({ rules: [{ backendRefs: [backend, { name: "other", port: 80 }] }] }, async (place) => {
      const work = async () => (await place.open()).target.prepare(await standIn({ name: "next" }));
      await expect(work()).rejects.toThrow(/several backends \(flights, other\)/);
    });
    const filters = [
      { type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "x-a", value: "1" }] } },
    ];
    await inPlace({ rules: [{ backendRefs: [{ ...backend, filters }] }] }, async (place) => {
      const work = async () => (await place.open()).target.prepare(await standIn({ name: "next" }));
      await expect(work()).rejects.toThrow(/flights has filters of its own \(RequestHeaderModifier\)/);
      expect(await place.namespace.get("deployment", "flights-candidate")).toBeNull();
    });
  });
});

describe.concurrent("a container among several", () => {
  it("must be named, by option or annotation", async () => {
    const next = await standIn({ name: "next" });
    await inPlace({}, async (place) => {
      const side = {
        name: "side",
        image: next.image,
        command: ["/nodejs/bin/node", "-e", "setInterval(() => {}, 1e6)"],
      };
      const patch = [{ op: "add", path: "/spec/template/spec/containers/-", value: side }];
      await place.namespace.kubectl([
        "patch",
        "deployment",
        "flights",
        "--type=json",
        "-p",
        JSON.stringify(patch),
      ]);
      const work = async () => (await place.open()).target.prepare(next);
      await expect(work()).rejects.toThrow(/several containers \(server, side\)/);
      const named = { "kubectl.kubernetes.io/default-container": "server" };
      const annotate = { spec: { template: { metadata: { annotations: named } } } };
      await place.namespace.kubectl([
        "patch",
        "deployment",
        "flights",
        "--type=merge",
        "-p",
        JSON.stringify(annotate),
      ]);
      const opened = await place.open();
      await begin(opened, "1", next);
      expect((await opened.target.read()).ready.candidate).toBe(true);
      await opened.target.restore();
      await end(opened, "1", "restored");
    });
  });
});
