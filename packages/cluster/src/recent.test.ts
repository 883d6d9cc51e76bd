import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openApi } from "./api.ts";
import { configMap, type FakeApi, hang, json, refused, startFakeApi } from "./testing/fake-api.ts";

let fake: FakeApi;
beforeAll(async () => {
  fake = await startFakeApi();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.seen.length = 0;
  fake.next.length = 0;
  fake.ready = true;
  fake.otherwise = json(200, configMap("a"));
});

const kind = { apiVersion: "v1", kind: "ConfigMap", namespace: "ml" };
const ref = { ...kind, name: "a" };
const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "ml" } };
const open = (patienceMs = 300) => openApi(fake.connection, { patienceMs });

describe("an answer that may be old", () => {
  it("is asked for once by all who ask within that time, also while it is on its way", async () => {
    const api = open();
    const age = { maxAgeMs: 10_000 };
    const all = [api.get(ref, age), api.within(100).get(ref, age), api.get(ref, age)];
    expect((await Promise.all(all)).map((found) => found?.metadata.name)).toEqual(["a", "a", "a"]);
    await api.get(ref, age);
    expect(fake.seen).toHaveLength(1);
  });

  it("is never had by who allows none, and never older than allowed", async () => {
    const api = open();
    await api.get(ref, { maxAgeMs: 10_000 });
    await api.get(ref);
    await api.get(ref, { maxAgeMs: 0 });
    expect(fake.seen).toHaveLength(3);
    await sleep(60);
    await api.get(ref, { maxAgeMs: 50 });
    expect(fake.seen).toHaveLength(4);
    await api.get(ref, { maxAgeMs: 50 });
    expect(fake.seen).toHaveLength(4);
  });

  it.for([
    ["create", (api) => api.create(object)],
    ["apply", (api) => api.apply(object)],
    ["merge", (api) => api.merge(ref, { data: { k: "v" } })],
    ["remove", (api) => api.remove({ ...ref, name: "b" })],
  ] as [string, (api: ReturnType<typeof open>) => Promise<unknown>][])(
    "is too old after we wrote to that kind: %s",
    async ([, write]) => {
      const api = open();
      const other = { ...kind, kind: "Service", name: "s" };
      const read = async () => {
        await api.get(ref, { maxAgeMs: 10_000 });
        await api.list(kind, { maxAgeMs: 10_000 });
        await api.get(other, { maxAgeMs: 10_000 });
      };
      await read();
      await write(api);
      fake.seen.length = 0;
      await read();
      expect(fake.seen.map(({ path }) => path.split("?")[0])).toEqual([
        "/api/v1/namespaces/ml/configmaps/a",
        "/api/v1/namespaces/ml/configmaps",
      ]);
    },
  );

  it("is too old also when a write was refused: it may have been done", async () => {
    const api = open();
    await api.get(ref, { maxAgeMs: 10_000 });
    fake.otherwise = refused(503, "ServiceUnavailable", "away");
    await expect(api.merge(ref, { data: {} })).rejects.toThrow(/away/);
    fake.otherwise = json(200, configMap("a"));
    fake.seen.length = 0;
    await api.get(ref, { maxAgeMs: 10_000 });
    expect(fake.seen).toHaveLength(1);
  });

  it("tells lists by their selectors, and gives each asker a list of its own", async () => {
    const api = open();
    fake.otherwise = json(200, { items: [configMap("a"), configMap("b")] });
    const age = { maxAgeMs: 10_000 };
    (await api.list(kind, age)).pop();
    expect(await api.list(kind, age)).toHaveLength(2);
    await api.list(kind, { ...age, labelSelector: "a=b" });
    expect(fake.seen).toHaveLength(2);
  });

  it("is no failure: what broke is asked again, and a kind that is not there is not", async () => {
    const api = open();
    const age = { maxAgeMs: 10_000 };
    fake.otherwise = refused(503, "ServiceUnavailable", "away");
    await expect(api.list(kind, age)).rejects.toThrow(/away/);
    fake.otherwise = json(200, { items: [] });
    expect(await api.list(kind, age)).toEqual([]);
    fake.otherwise = (_, response) => void response.writeHead(404).end("404 page not found\n");
    const scaled = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", namespace: "ml" };
    await expect(api.list(scaled, age)).rejects.toMatchObject({ code: "no-kind" });
    fake.seen.length = 0;
    await expect(api.list(scaled, age)).rejects.toMatchObject({ code: "no-kind" });
    expect(fake.seen).toEqual([]);
  });
});

describe("connections", () => {
  it("to pods that hang keep nobody from the objects", async () => {
    const api = open(20_000);
    fake.otherwise = (seen, response, socket) =>
      (seen.path.includes("/proxy") ? hang : json(200, configMap("a")))(seen, response, socket);
    const pod = { kind: "pods", namespace: "ml", name: "p", port: 80, path: "/metrics" } as const;
    let ended = 0;
    const hanging = Array.from({ length: 70 }, () =>
      api.proxy({ ...pod, timeoutMs: 30_000 }).catch(() => {
        ended += 1;
      }),
    );
    expect(await api.get(ref)).not.toBeNull();
    expect(ended).toBe(0);
    api.close();
    await Promise.all(hanging);
  });

  it("end when they are closed", async () => {
    const api = open();
    await api.get(ref);
    fake.otherwise = hang;
    const waiting = api.podLog({ namespace: "ml", name: "p" })[Symbol.asyncIterator]().next();
    await sleep(50);
    const begun = performance.now();
    api.close();
    await expect(waiting).rejects.toThrow();
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
