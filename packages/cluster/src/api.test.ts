import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiOptions, openApi } from "./api.ts";
import type { ClusterError } from "./error.ts";
import { configMap, type FakeApi, hang, json, refused, reset, startFakeApi } from "./testing/fake-api.ts";
import type { Api, KubeObject } from "./types.ts";

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

const api = (options: ApiOptions = {}): Api => openApi(fake.connection, { patienceMs: 3_000, ...options });
const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "ml", name: "a" };
const object = (data: Record<string, string> = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "ml" },
  data,
});
const errorOf = async (promise: Promise<unknown>): Promise<ClusterError> => {
  const error = await promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (reason: ClusterError) => reason,
  );
  expect(error.name).toBe("ClusterError");
  expect(error.remedy).not.toBe("");
  expect(JSON.stringify([error.message, error.remedy, String(error.cause)])).not.toContain("t0ken");
  return error;
};

describe("patience", () => {
  it("is shorter where the answer is of no use later, on the same way", async () => {
    fake.otherwise = refused(503, "ServiceUnavailable", "away");
    const own = api({ patienceMs: 20_000 });
    const begun = performance.now();
    expect((await errorOf(own.within(600).get(ref))).code).toBe("unreachable");
    expect((await errorOf(own.within(600).replace(object()))).code).toBe("unreachable");
    expect(performance.now() - begun).toBeLessThan(2_500);
    expect(own.calls).toBe(fake.seen.length);
  });

  it("asks again after 5xx, resets and 429, waiting as long as it is told", async () => {
    fake.next.push(
      refused(503, "ServiceUnavailable", "apiserver is shutting down"),
      refused(500, "InternalError", "etcdserver: request timed out"),
      reset,
      refused(429, "TooManyRequests", "too many", {}, { "retry-after": "1" }),
    );
    const before = performance.now();
    expect((await api().get(ref))?.metadata.name).toBe("a");
    expect(performance.now() - before).toBeGreaterThanOrEqual(1_000);
    expect(fake.seen).toHaveLength(5);
  });

  it("ends when its time is over, with what it met last", async () => {
    fake.otherwise = refused(503, "ServiceUnavailable", "no leader");
    const before = performance.now();
    const { code, message, status } = await errorOf(api({ patienceMs: 700 }).get(ref));
    expect({ code, status }).toEqual({ code: "unreachable", status: 503 });
    expect(message).toContain("no leader");
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  it("does not wait longer than it has for a server that asks for an hour", async () => {
    fake.otherwise = refused(429, "TooManyRequests", "later", {}, { "retry-after": "3600" });
    const before = performance.now();
    expect((await errorOf(api().get(ref))).code).toBe("unreachable");
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it("asks a server that hangs again, and ends when it hangs on", async () => {
    fake.next.push(hang);
    expect(
      (
        await api({ patienceMs: 1_200 })
          .get(ref)
          .catch(() => null)
      )?.metadata.name,
    ).toBe("a");
    fake.otherwise = hang;
    const before = performance.now();
    const { code, message } = await errorOf(api({ patienceMs: 1_200 }).get(ref));
    expect(code).toBe("unreachable");
    expect(message).toMatch(
      /no answer for \d+ ms \(asked [2-5] times in [12]\.\d s to get ConfigMap a in namespace ml\)$/,
    );
    expect(performance.now() - before).toBeLessThan(4_000);
  });

  it("takes an answer that stops in its middle for none", async () => {
    fake.next.push((_, response, socket) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"apiVersion":"v1"');
      setTimeout(() => socket.destroy(), 20);
    });
    expect((await api().get(ref))?.metadata.name).toBe("a");
  });

  it("survives a storm in which most requests fail", async () => {
    let count = 0;
    const storm = [reset, refused(500, "InternalError", "x"), refused(429, "TooManyRequests", "x"), reset];
    fake.otherwise = (request, response, socket) => {
      const fault = count++ % 2 === 1 ? undefined : storm[count % storm.length];
      (fault ?? json(200, configMap("a")))(request, response, socket);
    };
    const one = api({ patienceMs: 20_000 });
    const all = await Promise.all(Array.from({ length: 20 }, () => one.get(ref)));
    expect(all.every((found) => found?.metadata.name === "a")).toBe(true);
    expect(one.calls).toBeGreaterThan(30);
  });

  it.each([400, 404, 409, 410, 413, 422])("asks once where the answer is %i", async (status) => {
    fake.otherwise = refused(status, "Whatever", "no", { name: "a", kind: "configmaps" });
    await api()
      .get(ref)
      .catch(() => null);
    expect(fake.seen).toHaveLength(1);
  });

  it("ends at once when it is told to, also in the middle of a wait", async () => {
    fake.otherwise = hang;
    const controller = new AbortController();
    const waiting = api({ patienceMs: 20_000, signal: controller.signal }).get(ref);
    setTimeout(() => controller.abort(new Error("the job was cancelled")), 100);
    await expect(waiting).rejects.toThrow("the job was cancelled");
  });
});

describe("an answer that was lost", () => {
  const lost = (): { writes: number } => {
    const state = { writes: 0 };
    fake.otherwise = (request, response, socket) => {
      if (request.method === "GET")
        return json(200, { ...configMap("a", { by: "us" }) })(request, response, socket);
      state.writes += 1;
      return state.writes === 1
        ? reset(request, response, socket)
        : refused(409, request.method === "POST" ? "AlreadyExists" : "Conflict", "no")(
            request,
            response,
            socket,
          );
    };
    return state;
  };

  it("does not make us collide with what we created ourselves", async () => {
    const state = lost();
    expect((await api().create(object({ by: "us" }))).data).toEqual({ by: "us" });
    expect(state.writes).toBe(2);
  });

  it("still is `exists` when another created it meanwhile", async () => {
    lost();
    expect((await errorOf(api().create(object({ by: "another" })))).code).toBe("exists");
  });

  it("does not make us lose to our own replacement, unless a key is still there that it removed", async () => {
    lost();
    const metadata = { ...object().metadata, resourceVersion: "1" };
    expect((await api().replace({ ...object({ by: "us" }), metadata })).data).toEqual({ by: "us" });
    lost();
    expect((await errorOf(api().replace({ ...object({}), metadata }))).code).toBe("conflict");
  });

  it("is none when the first answer says that it exists", async () => {
    fake.next.push(refused(409, "AlreadyExists", "no"));
    expect((await errorOf(api().create(object()))).code).toBe("exists");
    expect(fake.seen).toHaveLength(1);
  });
});

describe("what is sent", () => {
  it("applies exactly the fields given, as our field manager, with the version where it is named", async () => {
    const read = { ...object({ x: "1" }), metadata: { ...object().metadata, managedFields: [] } };
    await api().apply(read, { force: true, resourceVersion: "7" });
    const [sent] = fake.seen;
    expect(sent?.method).toBe("PATCH");
    expect(sent?.headers["content-type"]).toBe("application/apply-patch+yaml");
    const [path, query] = (sent?.path ?? "").split("?");
    expect(path).toBe("/api/v1/namespaces/ml/configmaps/a");
    expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
      fieldManager: "ml-actions",
      fieldValidation: "Strict",
      force: "true",
    });
    expect(JSON.parse(sent?.body ?? "")).toEqual({
      ...object({ x: "1" }),
      metadata: { name: "a", namespace: "ml", resourceVersion: "7" },
    });
  });

  it("keeps fields that no library knows", async () => {
    fake.otherwise = json(200, { ...configMap("a"), spec: { brandNew: { deep: [1, null, "x"] } } });
    expect((await api().get(ref))?.spec).toEqual({ brandNew: { deep: [1, null, "x"] } });
  });

  it("reads lists to their last page, and anew when pages grew old", async () => {
    const page = (names: string[], next?: string) =>
      json(200, { items: names.map((name) => ({ metadata: { name } })), metadata: { continue: next } });
    fake.next.push(page(["a"], "t"), refused(410, "Expired", "old"), page(["b"], "u"), page(["c"]));
    const found = await api().list({ apiVersion: "v1", kind: "ConfigMap" }, { labelSelector: "x=y,!z" });
    expect(found.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
      ["ConfigMap", "b"],
      ["ConfigMap", "c"],
    ]);
    expect(fake.seen[0]?.path).toContain("labelSelector=x%3Dy%2C%21z");
  });

  it("removes only the very object that is meant", async () => {
    fake.otherwise = refused(409, "Conflict", "the UID in the precondition does not match");
    await api().remove(ref, { uid: "u1", graceSeconds: 0 });
    expect(JSON.parse(fake.seen[0]?.body ?? "")).toMatchObject({
      preconditions: { uid: "u1" },
      gracePeriodSeconds: 0,
      propagationPolicy: "Background",
    });
  });

  it("asks with fresh credentials once when it is not known", async () => {
    const renewals: boolean[] = [];
    const connection = {
      ...fake.connection,
      credentials: async ({ renew = false } = {}) => {
        renewals.push(renew);
        return { headers: { authorization: `Bearer ${renew ? "new" : "old"}` }, ca: fake.ca };
      },
    };
    fake.otherwise = (request, response, socket) =>
      (request.headers.authorization === "Bearer new"
        ? json(200, configMap("a"))
        : refused(401, "Unauthorized", "Unauthorized"))(request, response, socket);
    expect((await openApi(connection).get(ref))?.metadata.name).toBe("a");
    expect(renewals).toEqual([false, true]);
    fake.otherwise = refused(401, "Unauthorized", "Unauthorized");
    expect((await errorOf(openApi(connection).get(ref))).code).toBe("unauthorized");
  });
});

describe("refusals", () => {
  it("names verb, resource, namespace and what to apply for a missing right", async () => {
    fake.otherwise = refused(403, "Forbidden", 'configmaps "a" is forbidden: User "x" cannot patch');
    const { code, message, remedy } = await errorOf(api().merge(ref, {}));
    expect(code).toBe("forbidden");
    expect(message).toContain("fake may not patch configmaps a in namespace ml");
    expect(remedy).toContain("docs/rbac");
  });

  it("names the other manager and the field that it owns", async () => {
    const cause = {
      reason: "FieldManagerConflict",
      message: 'conflict with "argocd-controller" using apps/v1',
      field: ".spec.replicas",
    };
    fake.otherwise = refused(409, "Conflict", "Apply failed with 1 conflict", { causes: [cause] });
    const { code, message } = await errorOf(api().apply(object()));
    expect(code).toBe("owned");
    expect(message).toContain('.spec.replicas ("argocd-controller" using apps/v1)');
  });

  it("tells a kind that nobody serves from an object that is not there", async () => {
    fake.otherwise = (_, response) =>
      response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
    const of = { apiVersion: "networking.istio.io/v1", kind: "VirtualService", name: "x" };
    const { code, remedy } = await errorOf(api().get(of));
    expect([code, remedy]).toEqual(["no-kind", expect.stringContaining("Install Istio")]);
    fake.otherwise = refused(404, "NotFound", "not found", { name: "a", kind: "configmaps" });
    expect(await api().get(ref)).toBeNull();
    await api().remove(ref);
    expect((await errorOf(api().merge(ref, {}))).code).toBe("not-found");
  });

  it.each([
    ["too-large", refused(413, "RequestEntityTooLarge", "limit is 3145728")],
    ["invalid", refused(422, "Invalid", "spec.replicas: Invalid value")],
    ["invalid", refused(500, "", "failed to create typed patch object: .wat: field not declared in schema")],
    [
      "unreachable",
      (_: unknown, response: { end(text: string): void }) =>
        response.end("<html>Sign in to the hotel</html>"),
    ],
    ["unreachable", json(302, {}, { location: "https://elsewhere.example" })],
    ["unreachable", json(200, [1, 2])],
  ] as const)("is %s", async (code, answer) => {
    fake.otherwise = answer as FakeApi["otherwise"];
    expect((await errorOf(api().apply(object()))).code).toBe(code);
    expect(fake.seen).toHaveLength(1);
  });

  it("tells words of others on one line", async () => {
    fake.otherwise = refused(422, "Invalid", `bad\n::set-output name=x::${"y".repeat(5000)}`);
    const { message } = await errorOf(api().apply(object()));
    expect(message).not.toMatch(/[\n\r]/);
    expect(message.length).toBeLessThan(500);
  });

  it("does not try a certificate again that is not the server's", async () => {
    const connection = { ...fake.connection, credentials: async () => ({ headers: {} }) };
    const before = performance.now();
    const { code, remedy } = await errorOf(openApi(connection).get(ref));
    expect([code, remedy]).toEqual(["unreachable", expect.stringContaining("certificate-authority")]);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  it("does not look long for a server whose name nobody knows, nor speak clear text to others", async () => {
    const connection = { ...fake.connection, server: "https://no-such-host.invalid" };
    expect((await errorOf(openApi(connection, { patienceMs: 20_000 }).get(ref))).code).toMatch(/unreachable/);
    expect(() => openApi({ ...fake.connection, server: "http://10.0.0.1:8080" })).toThrow(/no https: URL/);
    expect(() => openApi({ ...fake.connection, server: "nonsense" })).toThrow(/no https: URL/);
  });
});

describe("a server that starts", () => {
  const denied = refused(403, "Forbidden", "RBAC: role not found");

  it("is not believed when it forbids, until it is ready", async () => {
    fake.ready = false;
    const unknown = refused(401, "Unauthorized", "x");
    fake.otherwise = (...all) =>
      (fake.ready ? json(200, configMap("a")) : fake.seen.length % 2 === 0 ? unknown : denied)(...all);
    setTimeout(() => {
      fake.ready = true;
    }, 200);
    expect((await api().get(ref))?.metadata.name).toBe("a");
  });

  it("is believed when it is ready and forbids still, without asking it again and again", async () => {
    fake.otherwise = denied;
    const one = api();
    for (let i = 0; i < 3; i++) expect((await errorOf(one.get(ref))).code).toBe("forbidden");
    expect(one.calls).toBe(5);
  });

  it("does not make rights look missing that are there", async () => {
    fake.ready = false;
    let allowed = false;
    setTimeout(() => {
      allowed = true;
      fake.ready = true;
    }, 300);
    fake.otherwise = (...all) => json(201, { status: { allowed } })(...all);
    expect(await api().lacking([{ group: "", resource: "pods", verbs: ["get"], why: "test" }])).toEqual([]);
  });
});

describe("rights", () => {
  it("names the verbs that are missing, of those asked for", async () => {
    fake.otherwise = (request, response, socket) => {
      const { resourceAttributes: asked } = JSON.parse(request.body).spec;
      const allowed = asked.verb === "get" && asked.namespace === "ml" && asked.resource === "pods";
      json(201, { status: { allowed } })(request, response, socket);
    };
    const why = "test";
    const rights = [
      { group: "", resource: "pods", verbs: ["get", "list"], why },
      { group: "", resource: "pods", verbs: ["get"], why },
      { group: "gateway.networking.k8s.io", resource: "gatewayclasses", verbs: ["get"], why },
    ];
    expect(await api().lacking(rights)).toEqual([{ ...rights[0], verbs: ["list"] }, rights[2]]);
    const classes = fake.seen.filter(({ body }) => body.includes("gatewayclasses"));
    expect(classes[0]?.body).not.toContain("namespace");
  });
});
