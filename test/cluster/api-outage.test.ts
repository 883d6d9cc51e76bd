/** An API server that is killed in the middle of calls and comes back some seconds later: no call ends, no write is lost
 * or done twice, and the rights that it forgets for a moment while it starts are not told as missing. */
import { setTimeout as sleep } from "node:timers/promises";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import type { ClusterError } from "@ml-actions/cluster/error";
import type { Api } from "@ml-actions/cluster/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OwnControlPlane, ownControlPlane } from "../lab/own-control-plane.ts";

const namespace = "default";
const account = "runner";
const ref = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace, name });

// A cluster that the caller gave is not ours to kill.
describe.skipIf(process.env.KUBECONFIG)("an API server that is killed", () => {
  let plane: OwnControlPlane;
  let kubeconfig: string;
  beforeAll(async () => {
    plane = await ownControlPlane();
    await allow(plane);
    const token = (await plane.kubectl(["create", "token", account, "--duration=1h"])).trim();
    const config = JSON.parse(await plane.kubectl(["config", "view", "--raw", "--flatten", "-o", "json"]));
    const users = config.users.map((user: { name: string }) => ({ ...user, user: { token } }));
    kubeconfig = JSON.stringify({ ...config, users });
  });
  afterAll(() => plane.stop());

  const newApi = async (): Promise<Api> => openApi(await connect({ kubeconfig }), { patienceMs: 60_000 });

  it("ends no call of a ServiceAccount, loses no write, and is known by its clock again", async () => {
    const apis = await Promise.all(Array.from({ length: 6 }, newApi));
    const stop = new AbortController();
    const counts = await Promise.all([
      ...apis.map((api, i) => countUp(api, `counter-${i}`, stop.signal)),
      killTwice(plane).finally(() => stop.abort()),
    ]);
    const reader = await newApi();
    for (const [i, count] of counts.slice(0, -1).entries()) {
      expect(count).toBeGreaterThan(5);
      expect((await reader.get(ref(`counter-${i}`)))?.data?.n).toBe(`${count}`);
    }
    // One machine, one clock.
    for (const api of apis) expect(Math.abs(api.now() - Date.now())).toBeLessThan(600);
  });

  it("that stays away ends a call when patience is over, and says where it was looked for", async () => {
    const api = openApi(await connect({ kubeconfig }), { patienceMs: 1_500 });
    await plane.kill("kube-apiserver");
    const error = await api.get(ref("x")).catch((reason: ClusterError) => reason);
    expect(error).toMatchObject({
      code: "unreachable",
      message: expect.stringMatching(/at https:\/\/127\.[\d.]+:6443 cannot be reached/),
    });
    await plane.start("kube-apiserver");
    expect(await api.get(ref("x"))).toBeNull();
  });
});

/** Without a pause for the server to be ready: its first answers are the interesting ones. */
async function killTwice(plane: OwnControlPlane): Promise<number> {
  for (const awayMs of [200, 4_000]) {
    await sleep(1_500);
    await plane.kill("kube-apiserver");
    await sleep(awayMs);
    await plane.start("kube-apiserver");
  }
  await sleep(1_500);
  return 0;
}

async function countUp(api: Api, name: string, until: AbortSignal): Promise<number> {
  const { apiVersion, kind } = ref(name);
  await api.create({ apiVersion, kind, metadata: { name, namespace }, data: { n: "0" } });
  let count = 0;
  while (!until.aborted) {
    const found = await api.get(ref(name));
    if (found === null) throw new Error(`${name} is gone`);
    expect(found.data?.n).toBe(`${count}`);
    await api.replace({ ...found, data: { n: `${++count}` } });
    expect(
      await api.lacking([{ group: "", resource: "configmaps", verbs: ["update"], why: "test" }]),
    ).toEqual([]);
  }
  return count;
}

async function allow(plane: OwnControlPlane): Promise<void> {
  await plane.kubectl(["create", "serviceaccount", account]);
  await plane.kubectl(["create", "role", account, "--verb=get,create,update", "--resource=configmaps"]);
  await plane.kubectl([
    "create",
    "rolebinding",
    account,
    `--role=${account}`,
    `--serviceaccount=${namespace}:${account}`,
  ]);
}
