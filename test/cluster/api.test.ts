/** The API client against a real API server: whose fields are whose, who was first, which right is missing, and what a
 * broken way in between does to writes. */
import { request as ask } from "node:https";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import type { ClusterError } from "@ml-actions/cluster/error";
import { type Answer, startFakeApi } from "@ml-actions/cluster/testing/fake-api";
import type { Api, Connection, KubeObject } from "@ml-actions/cluster/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labImages } from "../lab/images.ts";
import { sharedNamespace } from "./ledger-place.ts";

const namespace = sharedNamespace();
let api: Api;
beforeAll(async () => {
  api = openApi(await connect({ kubeconfig: namespace().kubeconfig }));
});

const failure = (promise: Promise<unknown>): Promise<ClusterError> =>
  promise.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: ClusterError) => error,
  );
const configMap = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: namespace().name },
  data,
});
const refOf = ({ apiVersion, kind, metadata: { name } }: KubeObject) => ({ apiVersion, kind, name });
const ref = (name: string) => refOf(configMap(name, {}));

describe("whose fields", () => {
  it("are given up and set one by one; others' stay as they are", async () => {
    await namespace().apply([configMap("shared", { theirs: "1", both: "same" })]);
    await api.apply(configMap("shared", { ours: "1", gone: "1", both: "same" }));
    await api.apply(configMap("shared", { ours: "2", both: "same" }));
    expect((await api.get(ref("shared")))?.data).toEqual({ theirs: "1", both: "same", ours: "2" });
    await api.apply(configMap("shared", {}));
    expect((await api.get(ref("shared")))?.data).toEqual({ theirs: "1", both: "same" });
  });

  it("are another's: nothing is written, and the error says whose", async () => {
    await namespace().apply([configMap("owned", { theirs: "1" })]);
    const error = await failure(api.apply(configMap("owned", { theirs: "2", ours: "1" })));
    expect(error.code).toBe("owned");
    expect(error.message).toContain('.data.theirs ("ml-actions-test"');
    expect((await api.get(ref("owned")))?.data).toEqual({ theirs: "1" });
    await api.apply(configMap("owned", { theirs: "2" }), { force: true });
    expect((await api.get(ref("owned")))?.data).toEqual({ theirs: "2" });
  });

  it("that the kind does not have are told, and not dropped", async () => {
    const odd = {
      ...configMap("odd", {}),
      metadata: { ...configMap("odd", {}).metadata, wat: 1 },
    } as KubeObject;
    expect(await failure(api.create(odd))).toMatchObject({
      code: "invalid",
      message: expect.stringContaining("wat"),
    });
    expect(await failure(api.apply(odd))).toMatchObject({
      code: "invalid",
      message: expect.stringContaining("wat"),
    });
    const patched = api.merge(ref("owned"), { dta: { a: "1" } });
    expect(await failure(patched)).toMatchObject({
      code: "invalid",
      message: expect.stringContaining("dta"),
    });
  });
});

describe("who was first", () => {
  it("wins, by the version that was read", async () => {
    const { metadata } = await api.create(configMap("version", { n: "0" }));
    const { resourceVersion = "" } = metadata;
    expect((await failure(api.create(configMap("version", {})))).code).toBe("exists");
    await api.apply(configMap("version", { n: "1" }), { resourceVersion, force: true });
    for (const late of [
      () => api.apply(configMap("version", { n: "2" }), { resourceVersion, force: true }),
      () => api.replace({ ...configMap("version", { n: "2" }), metadata }),
      () => api.merge(ref("version"), { metadata: { resourceVersion }, data: { n: "2" } }),
    ]) {
      expect((await failure(late())).code).toBe("conflict");
    }
    expect((await api.get(ref("version")))?.data).toEqual({ n: "1" });
  });

  it("is one of twenty who create, and nobody's increment is lost among twenty who replace", async () => {
    const apis = await Promise.all(
      Array.from({ length: 20 }, async () => openApi(await connect({ kubeconfig: namespace().kubeconfig }))),
    );
    const creators = await Promise.all(
      apis.map((one, i) =>
        one.create(configMap("race", { by: `${i}`, n: "0" })).catch((error: ClusterError) => error.code),
      ),
    );
    expect(creators.filter((outcome) => outcome !== "exists")).toHaveLength(1);
    await Promise.all(apis.map((one) => increment(one, "race")));
    expect((await api.get(ref("race")))?.data?.n).toBe("20");
  });

  it("removes the very object that was meant, and no other of that name", async () => {
    const { metadata } = await api.create(configMap("removed", {}));
    await api.remove(ref("removed"), { uid: metadata.uid ?? "" });
    await api.create(configMap("removed", {}));
    await api.remove(ref("removed"), { uid: metadata.uid ?? "" });
    expect(await api.get(ref("removed"))).not.toBeNull();
    await api.remove(ref("removed"));
    await api.remove(ref("removed"));
    expect(await api.get(ref("removed"))).toBeNull();
  });
});

async function increment(one: Api, name: string): Promise<void> {
  for (;;) {
    const found = await one.get(ref(name));
    if (found === null) throw new Error("it is gone");
    try {
      await one.replace({ ...found, data: { ...found.data, n: `${Number(found.data?.n) + 1}` } });
      return;
    } catch (error) {
      if ((error as ClusterError).code !== "conflict") throw error;
    }
  }
}

describe("what is missing", () => {
  it("is a right: named before it is needed, and when it is used", async () => {
    const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }];
    const kubeconfig = await namespace().restricted(rules);
    const limited = openApi(await connect({ kubeconfig }));
    const rights = [
      { group: "", resource: "configmaps", verbs: ["get", "patch"], why: "test" },
      { group: "apps", resource: "deployments", subresource: "scale", verbs: ["patch"], why: "test" },
    ];
    expect(await limited.lacking(rights)).toEqual([{ ...rights[0], verbs: ["patch"] }, rights[1]]);
    expect(await api.lacking(rights)).toEqual([]);
    expect(await failure(limited.apply(configMap("x", {})))).toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/may not patch configmaps x in namespace test-/),
      remedy: expect.stringContaining("docs/rbac"),
    });
  });

  it("is what defines a kind, a namespace, an object", async () => {
    const unknown = { apiVersion: "gateway.networking.k8s.io/v9", kind: "HTTPRoute", name: "x" };
    expect(await failure(api.get(unknown))).toMatchObject({
      code: "no-kind",
      remedy: expect.stringMatching(/Gateway API/),
    });
    const nowhere = { ...configMap("x", {}), metadata: { name: "x", namespace: "no-such-namespace" } };
    expect((await failure(api.create(nowhere))).message).toContain("there is no namespace no-such-namespace");
    expect(await api.get(ref("nothing"))).toBeNull();
  });
});

describe("a pod", () => {
  it("is asked, and its log read, with nothing but the API server between", async () => {
    const { reference: image } = await (await labImages()).standIn({ name: "api" });
    const pod: KubeObject = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "stand-in", namespace: namespace().name },
      spec: {
        containers: [{ name: "model", image, env: [{ name: "ML_RELEASE", value: "sha256:1" }] }],
      },
    };
    await api.create(pod);
    await namespace().kubectl(["wait", "--for=condition=Ready", "pod/stand-in", "--timeout=60s"]);
    const to = { kind: "pods", namespace: namespace().name, name: "stand-in", port: 8080 } as const;
    const answer = await untilAnswers(() => api.proxy({ ...to, path: "/ready" }));
    expect(answer).toMatchObject({ status: 200, headers: { "x-ml-release": "sha256:1" } });
    expect((await failure(api.proxy({ ...to, port: 9, path: "/" }))).code).toBe("unreachable");
    expect((await failure(api.proxy({ ...to, name: "nobody", path: "/" }))).code).toBe("not-found");
    const lines: string[] = [];
    for await (const line of api.podLog({ ...to, timestamps: true })) lines.push(line);
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT/);
    await api.remove(refOf(pod), { graceSeconds: 0 });
  });
});

async function untilAnswers<T>(question: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await question();
    } catch (error) {
      if (tries === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describe("a way that breaks in its middle", () => {
  let broken: Awaited<ReturnType<typeof startFakeApi>>;
  let real: Connection;
  beforeAll(async () => {
    real = await connect({ kubeconfig: namespace().kubeconfig });
    broken = await startFakeApi();
  });
  afterAll(() => broken.close());

  /** Hands a request on; `thenLose`: the answer is lost on its way back. */
  const pass =
    (thenLose = false): Answer =>
    async (request, response, socket) => {
      const { headers: own, ...tls } = await real.credentials();
      const { host: _, ...headers } = request.headers;
      const outgoing = ask(`${real.server}${request.path}`, {
        method: request.method,
        headers: { ...headers, ...own },
        ...tls,
      });
      outgoing.on("error", () => socket.destroy());
      outgoing.on("response", (answer) => {
        if (thenLose) {
          answer.resume();
          answer.on("end", () => socket.destroy());
          return;
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      outgoing.end(request.body);
    };

  it("loses no write, does none twice, and takes none of its own for another's", async () => {
    const throttled: Answer = (_, response) => response.writeHead(429, { "retry-after": "0" }).end("later");
    const failed: Answer = (_, response) => response.writeHead(500).end("etcdserver: request timed out");
    const before: Answer = (_request, _response, socket) => socket.destroy();
    const storm = [pass(true), throttled, pass(), failed, pass(true), before, pass()];
    let count = 0;
    broken.otherwise = (...all) => (storm[count++ % storm.length] as Answer)(...all);
    const through = openApi({ ...broken.connection, namespace: real.namespace }, { patienceMs: 20_000 });
    const names = Array.from({ length: 4 }, (_, i) => `storm-${i}`);
    await Promise.all(
      names.map(async (name) => {
        await through.create(configMap(name, { n: "0" }));
        for (let i = 0; i < 2; i++) await increment(through, name);
        await through.apply(configMap(name, { applied: name }));
      }),
    );
    for (const name of names) expect((await api.get(ref(name)))?.data).toEqual({ n: "2", applied: name });
    await Promise.all(names.map((name) => through.remove(ref(name))));
    for (const name of names) expect(await api.get(ref(name))).toBeNull();
  });
});
