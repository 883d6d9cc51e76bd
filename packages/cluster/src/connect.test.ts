import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openApi } from "./api.ts";
import { connect } from "./connect.ts";
import type { ClusterError } from "./error.ts";
import { inCluster } from "./in-cluster.ts";
import { configMap, type FakeApi, json, refused, startFakeApi } from "./testing/fake-api.ts";

let fake: FakeApi;
let home: string;
beforeAll(async () => {
  fake = await startFakeApi();
  home = await mkdtemp(join(tmpdir(), "ml-actions-connect-"));
});
afterAll(async () => {
  await fake.close();
  await rm(home, { recursive: true });
});

const nothing = () => ({ HOME: join(home, "nobody"), PATH: process.env.PATH });
const configOf = (user: unknown, cluster: Record<string, unknown> = {}): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "c",
        cluster: {
          server: fake.url,
          "certificate-authority-data": Buffer.from(fake.ca).toString("base64"),
          ...cluster,
        },
      },
    ],
    users: [{ name: "u", user }],
    contexts: [{ name: "ctx", context: { cluster: "c", user: "u", namespace: "ml" } }],
    "current-context": "ctx",
  });
const written = async (name: string, text: string): Promise<string> => {
  const path = join(home, name);
  await writeFile(path, text);
  return path;
};
const failure = async (promise: Promise<unknown>): Promise<ClusterError> => {
  const error = await promise.then(
    () => Promise.reject(new Error("it did not fail")),
    (reason: ClusterError) => reason,
  );
  expect(error.name).toBe("ClusterError");
  expect(error.remedy.length).toBeGreaterThan(10);
  // The whole error, with its causes, as a crash would print it.
  expect(inspect(error, { depth: 9 })).not.toContain("s3cret");
  return error;
};
const ref = { apiVersion: "v1", kind: "ConfigMap", name: "a" };
/** What the server was told, asked by this kubeconfig. */
const sentBy = async (kubeconfig: string): Promise<Record<string, unknown>> => {
  fake.otherwise = json(200, configMap("a"));
  fake.seen.length = 0;
  const connection = await connect({ kubeconfig, environment: nothing() });
  await openApi(connection, { patienceMs: 1_000 }).get(ref);
  return fake.seen[0]?.headers ?? {};
};

describe("a kubeconfig", () => {
  it("is taken as text, as a path, from KUBECONFIG and from the home directory", async () => {
    const text = configOf({ token: "t" });
    const path = await written("config", text);
    await mkdir(join(home, "owner/.kube"), { recursive: true });
    await writeFile(join(home, "owner/.kube/config"), text);
    for (const options of [
      { kubeconfig: text, environment: nothing() },
      { kubeconfig: path, environment: nothing() },
      { environment: { ...nothing(), KUBECONFIG: path } },
      { environment: { HOME: join(home, "owner") } },
    ]) {
      const { server, namespace, name, credentials } = await connect(options);
      expect([server, namespace, name]).toEqual([fake.url, "ml", "ctx"]);
      expect((await credentials()).headers).toEqual({ authorization: "Bearer t" });
    }
    expect((await connect({ kubeconfig: text, namespace: "other", context: "ctx" })).namespace).toBe("other");
  });

  it("may be several files, of which the first to name something wins", async () => {
    const first = await written("first", JSON.stringify({ "current-context": "ctx", contexts: null }));
    const second = await written("second", configOf({ token: "second" }));
    const third = await written("third", configOf({ token: "third" }));
    const KUBECONFIG = [first, join(home, "missing"), second, third].join(":");
    const { credentials } = await connect({ environment: { ...nothing(), KUBECONFIG } });
    expect((await credentials()).headers.authorization).toBe("Bearer second");
  });

  it.each([
    ["nothing anywhere", undefined, /no kubeconfig was given/],
    [
      "a path that is none",
      "/no/such/file",
      /"\/no\/such\/file", given as input, cannot be read: there is no such file/,
    ],
    [
      "its text in base64",
      Buffer.from("s3cret: x".repeat(90)).toString("base64"),
      /^the kubeconfig given as input cannot/,
    ],
    ["an empty text", " \n ", /no kubeconfig was given/],
    ["malformed YAML", "clusters: [\n  token: s3cret\n", /is no YAML \(line \d\)/],
    ["a word", "just\nwords", /at its top/],
    ["a list", "- 1\n- 2", /at its top/],
    ["clusters that are none", "clusters: {a: 1}\nusers: 3", /clusters: .*; users: /],
    [
      "a cluster without a server",
      "clusters:\n- name: c\n  cluster: {token: s3cret}\n",
      /clusters\.0\.cluster\.server/,
    ],
    ["no current-context", configOfText("current-context"), /has no current-context/],
    [
      "a prototype",
      '{"__proto__": {"current-context": "ctx"}, "current-context": "constructor"}',
      /has no context "constructor"/,
    ],
    ["more than anybody writes", `a: |\n  ${"x".repeat(6 * 1024 * 1024)}\n`, /larger than/],
  ])("is refused with its place: %s", async (_, kubeconfig, message) => {
    const options = kubeconfig === undefined ? {} : { kubeconfig };
    const error = await failure(connect({ ...options, environment: nothing() }));
    expect(error.code).toBe("kubeconfig");
    expect(error.message).toMatch(message);
  });

  it("is refused where KUBECONFIG names an empty file, a directory, or one that is missing", async () => {
    const empty = await written("empty", "");
    for (const KUBECONFIG of [empty, home, join(home, "missing")]) {
      expect((await failure(connect({ environment: { ...nothing(), KUBECONFIG } }))).message).toContain(
        KUBECONFIG,
      );
    }
  });

  it("names the contexts that there are when the one that is asked for is not", async () => {
    const error = await failure(connect({ kubeconfig: configOf({}), context: "prod\n::error::" }));
    expect(error.message).not.toContain("\n");
    expect(error.remedy).toContain('"ctx"');
  });

  it("names the user or cluster that a context names and that is not there", async () => {
    const config = JSON.parse(configOf({}));
    expect(
      (await failure(connect({ kubeconfig: JSON.stringify({ ...config, users: [] }) }))).message,
    ).toContain('the user "u"');
    expect(
      (await failure(connect({ kubeconfig: JSON.stringify({ ...config, clusters: [] }) }))).message,
    ).toContain('the cluster "c"');
  });

  it("never is a crash, whatever is in it", async () => {
    const anything = fc.oneof(
      fc.string({ maxLength: 200 }).map((text) => `${text}\n`),
      fc.json().map((text) => `{"clusters": ${text}}`),
      fc.json().map((text) => configOf(JSON.parse(text))),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (kubeconfig) => {
        try {
          await connect({ kubeconfig, environment: nothing() });
        } catch (error) {
          expect((error as ClusterError).code, String(error)).toBe("kubeconfig");
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** `configOf({})` before the server is up, without a key. */
function configOfText(without: string): string {
  const config = { clusters: [], users: [], contexts: [], "current-context": "ctx" };
  return JSON.stringify({ ...config, [without]: undefined });
}

describe("credentials", () => {
  it("are a token, a user with a password, an impersonation", async () => {
    expect((await sentBy(configOf({ token: "t" }))).authorization).toBe("Bearer t");
    const basic = await sentBy(configOf({ username: "a", password: "b:c" }));
    expect(basic.authorization).toBe(`Basic ${Buffer.from("a:b:c").toString("base64")}`);
    expect((await sentBy(configOf({ token: "t", as: "jane" })))["impersonate-user"]).toBe("jane");
  });

  it("are read anew from a token's file when the old ones are refused", async () => {
    const file = await written("token", "old\n");
    const path = await written("by-file", configOf({ tokenFile: "token" }));
    const api = openApi(await connect({ kubeconfig: path, environment: nothing() }), { patienceMs: 1_000 });
    fake.otherwise = (request, response, socket) =>
      (request.headers.authorization === "Bearer new"
        ? json(200, configMap("a"))
        : refused(401, "Unauthorized", "no"))(request, response, socket);
    expect((await failure(api.get(ref))).code).toBe("unauthorized");
    await writeFile(file, "new\n");
    expect((await api.get(ref))?.metadata.name).toBe("a");
    await rm(file);
    const gone = await connect({ kubeconfig: path, environment: nothing() });
    expect((await failure(gone.credentials())).code).toBe("credentials");
  });

  it("are those of a program, which gets no inputs of the action and is asked again once they expire", async () => {
    const program = await written(
      "plugin.sh",
      `#!/bin/sh
echo run >> "$RUNS"
[ -z "$INPUT_TOKEN" ] || exit 9
case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*"$SERVER"*) ;; *) exit 8 ;; esac
echo "{\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"$TOKEN\\",\\"expirationTimestamp\\":\\"$EXPIRES\\"}}"
`,
    );
    await chmod(program, 0o755);
    const runs = await written("runs", "");
    const config = (expires: string) => {
      const env = Object.entries({ RUNS: runs, TOKEN: "from-program", EXPIRES: expires, SERVER: fake.url });
      const named = env.map(([name, value]) => ({ name, value }));
      const exec = {
        apiVersion: "client.authentication.k8s.io/v1",
        command: "./plugin.sh",
        env: named,
        provideClusterInfo: true,
      };
      return written("by-program", configOf({ exec }));
    };
    process.env.INPUT_TOKEN = "s3cret";
    try {
      const lasting = await connect({
        kubeconfig: await config("2999-01-01T00:00:00Z"),
        environment: nothing(),
      });
      const all = await Promise.all([lasting.credentials(), lasting.credentials()]);
      expect(all[1]?.headers.authorization).toBe("Bearer from-program");
      await lasting.credentials();
      expect(await linesOf(runs)).toBe(1);
      await lasting.credentials({ renew: true });
      expect(await linesOf(runs)).toBe(2);
      const expired = await connect({
        kubeconfig: await config("2000-01-01T00:00:00Z"),
        environment: nothing(),
      });
      await expired.credentials();
      await expired.credentials();
      expect(await linesOf(runs)).toBe(4);
    } finally {
      delete process.env.INPUT_TOKEN;
    }
  });

  it.each([
    ["fails", "echo s3cret >&2; echo s3cret; exit 3", /exit code 3/],
    ["says nothing", "true", /no ExecCredential/],
    ["says what is no JSON", "echo s3cret", /no ExecCredential/],
    ["gives no token", `echo '{"kind":"ExecCredential","status":{"x":"s3cret"}}'`, /neither a token nor/],
    [
      "gives a token of two lines",
      `printf '{"kind":"ExecCredential","status":{"token":"s3cret\\\\ny: z"}}'`,
      /none that HTTP can carry/,
    ],
    ["says too much", "yes s3cret", /more than/],
  ])("of a program that %s are an error without its words", async (_, script, message) => {
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "sh",
      args: ["-c", script],
      env: [{ name: "A", value: "s3cret" }],
    };
    const connection = await connect({ kubeconfig: configOf({ exec }), environment: nothing() });
    const error = await failure(openApi(connection, { patienceMs: 500 }).get(ref));
    expect(error.code).toBe("credentials");
    expect(error.message).toMatch(message);
  });

  it("of a program that is not there are an error", async () => {
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "no-such-program-here" };
    const connection = await connect({ kubeconfig: configOf({ exec }), environment: nothing() });
    expect((await failure(connection.credentials())).message).toContain("there is no such program");
  });

  it("that no library can read are an error of the kubeconfig's, not of ours", async () => {
    for (const user of [
      { token: "a\nb" },
      { "client-certificate-data": "AAAA", "client-key-data": "AAAA" },
      { "client-certificate": "/no/such/file" },
      { "auth-provider": { name: "oidc", config: { "id-token": "not.a" } } },
      { "auth-provider": { name: "oidc", config: { "id-token": "s3cret.s3cret.x" } } },
    ]) {
      const connection = await connect({ kubeconfig: configOf(user), environment: nothing() });
      const outcome = await openApi(connection, { patienceMs: 500 })
        .get(ref)
        .catch((error: unknown) => failure(Promise.reject(error)));
      if (outcome !== null && "code" in outcome)
        expect(outcome.code).toMatch(/credentials|unreachable|unauthorized/);
    }
  });
});

async function linesOf(path: string): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  return (await readFile(path, "utf8")).split("\n").length - 1;
}

describe("in a pod", () => {
  it("reads the token that the kubelet has renewed", async () => {
    const directory = join(home, "account");
    await mkdir(directory);
    await Promise.all([
      writeFile(join(directory, "token"), "one\n"),
      writeFile(join(directory, "ca.crt"), fake.ca),
      writeFile(join(directory, "namespace"), "ml"),
    ]);
    const { hostname, port } = new URL(fake.url);
    const pod = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const connection = inCluster(pod, directory);
    expect([connection.server, connection.namespace]).toEqual([fake.url, "ml"]);
    fake.otherwise = json(200, configMap("a"));
    fake.seen.length = 0;
    const api = openApi(connection);
    await api.get(ref);
    await writeFile(join(directory, "token"), "two\n");
    await utimes(join(directory, "token"), 0, 0);
    await api.get(ref);
    expect(fake.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer one", "Bearer two"]);
    await writeFile(join(directory, "token"), "");
    expect((await failure(api.get(ref))).code).toBe("credentials");
    expect(inCluster({ ...pod, KUBERNETES_SERVICE_HOST: "fd00::1" }, directory).server).toBe(
      `https://[fd00::1]:${port}`,
    );
  });

  it("is nowhere else", () => {
    expect(() => inCluster({}, home)).toThrow(/does not run in a pod/);
  });
});
