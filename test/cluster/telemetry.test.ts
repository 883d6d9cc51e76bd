/** Counts from real pods and a real Prometheus: exactly what was sent, over a restart, a scale-up and a scale-down. */
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import type { Observation } from "@ml-actions/gates/types";
import type { Behaviour } from "@ml-actions/rollout/local/testing/stand-in-server";
import { type CountedPod, podTelemetry } from "@ml-actions/telemetry/pods";
import { parseQueries } from "@ml-actions/telemetry/prometheus/queries";
import { type Prometheus, servicePrometheus } from "@ml-actions/telemetry/prometheus/reach";
import { prometheusTelemetry } from "@ml-actions/telemetry/prometheus/source";
import { beforeAll, describe, expect, it } from "vitest";
import { labImages } from "../lab/images.ts";
import { lab } from "../lab/lab.ts";
import { prometheusService } from "../lab/parts/prometheus.ts";
import { inNamespace, type TestNamespace } from "./namespace.ts";

const patience = { timeout: 60_000, interval: 500 };
const [stable, candidate] = ["sha256:stable", "sha256:candidate"];
const workloads = { stable: "flights", candidate: "flights-candidate" };
type SideName = keyof typeof workloads;
const sides = ["stable", "candidate"] as const;

/** Ends at its 31st request; the one after the restart is its first again. */
const behaviours: Record<SideName, Behaviour> = {
  stable: { name: "good" },
  candidate: { name: "worse", failEvery: 5, nanEvery: 7, crashAt: 31 },
};

function workload(name: string, image: string): KubeObject {
  const labels = { app: name };
  const annotations = { "prometheus.io/scrape": "true", "prometheus.io/port": "8080" };
  const container = {
    ...{ name: "server", image, ports: [{ containerPort: 8080 }] },
    readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
    resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "512Mi" } },
  };
  const template = { metadata: { labels, annotations }, spec: { containers: [container] } };
  return {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name } },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  };
}

interface Pod extends KubeObject {
  status: { conditions?: { type: string; status: string }[]; phase: string };
}

/** Ready and not about to end. */
async function podsOf(api: Api, namespace: string, side: SideName): Promise<CountedPod[]> {
  const of = { apiVersion: "v1", kind: "Pod", namespace };
  const pods = (await api.list(of, { labelSelector: `app=${workloads[side]}` })) as Pod[];
  const serves = ({ metadata, status }: Pod) =>
    metadata.deletionTimestamp === undefined &&
    status.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
  return pods
    .filter(serves)
    .map(({ metadata: { name, uid = "" } }) => ({ namespace, name, uid, port: 8080 }));
}

/** Both sides deployed, and who speaks to the API: an administrator, and one with no right but to ask pods. */
class Room {
  readonly namespace: TestNamespace;
  readonly admin: Api;
  readonly restricted: Api;

  private constructor(namespace: TestNamespace, admin: Api, restricted: Api) {
    this.namespace = namespace;
    this.admin = admin;
    this.restricted = restricted;
  }

  static async open(namespace: TestNamespace): Promise<Room> {
    const images = await labImages();
    const deployments = await Promise.all(
      sides.map(async (side) =>
        workload(workloads[side], (await images.standIn(behaviours[side])).reference),
      ),
    );
    await namespace.apply(deployments);
    await namespace.rolledOut(...Object.values(workloads));
    const rules = [
      { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
      { apiGroups: [""], resources: ["pods/proxy"], verbs: ["get"] },
    ];
    const kubeconfig = await namespace.restricted(rules);
    const apis = [namespace.kubeconfig, kubeconfig].map(async (path) =>
      openApi(await connect({ kubeconfig: path })),
    );
    const [admin, restricted] = await Promise.all(apis);
    return new Room(namespace, admin as Api, restricted as Api);
  }

  async pods(): Promise<Record<SideName, CountedPod[]>> {
    const of = (side: SideName) => podsOf(this.restricted, this.namespace.name, side);
    const [one, other] = await Promise.all(sides.map(of));
    return { stable: one ?? [], candidate: other ?? [] };
  }

  /** Requests to a side, evenly over its pods; how they were answered. */
  async send(side: SideName, count: number): Promise<Record<number, number>> {
    const pods = (await this.pods())[side];
    const answers: Record<number, number> = {};
    for (let sent = 0; sent < count; sent++) {
      const { namespace, name, port } = pods[sent % pods.length] as CountedPod;
      const to = {
        kind: "pods",
        namespace,
        name,
        port,
        path: "/predict",
        method: "POST",
        body: "{}",
      } as const;
      const { status } = await this.admin.proxy(to);
      answers[status] = (answers[status] ?? 0) + 1;
    }
    return answers;
  }

  /** Kills the candidate's process with a request that nobody answers, and waits for the next. */
  async crash(): Promise<void> {
    await this.send("candidate", 1).catch(() => {});
    const ready = async () => (await podsOf(this.admin, this.namespace.name, "candidate")).length;
    await expect.poll(ready, patience).toBe(0);
    await expect.poll(ready, patience).toBe(1);
  }

  async scale(replicas: number): Promise<void> {
    await this.namespace.kubectl(["scale", "deployment", workloads.stable, `--replicas=${replicas}`]);
    await expect.poll(async () => (await this.pods()).stable.length, patience).toBe(replicas);
  }
}

const counted = (requests: [number, number], errors: [number, number] = [0, 0], nan = 0) => ({
  ok: true,
  stable: { requests: requests[0], errors: errors[0], nan: 0 },
  candidate: { requests: requests[1], errors: errors[1], nan },
});

beforeAll(() => lab().then(({ need }) => need("prometheus")));

describe("counts from pods, with no right but to list them and to ask them", () => {
  it("are what was sent, over a restart, a scale-up and a scale-down", async () => {
    await inNamespace(async (namespace) => {
      const room = await Room.open(namespace);
      const notes: string[] = [];
      const telemetry = podTelemetry({
        api: room.restricted,
        pods: () => room.pods(),
        note: (message) => notes.push(message),
        now: () => room.restricted.now(),
      });
      const look = () => telemetry.observe(stable, candidate);
      await room.send("stable", 13);
      expect(await look()).toMatchObject({ problem: "no-traffic" });
      expect(await room.send("stable", 20)).toEqual({ 200: 20 });
      expect(await room.send("candidate", 30)).toEqual({ 200: 24, 500: 6 });
      const first = await look();
      expect(first).toMatchObject(counted([20, 30], [0, 6], 4));
      expect(latencyCount(first)).toBe(30);
      await room.crash();
      await room.scale(2);
      expect(await room.send("candidate", 10)).toEqual({ 200: 8, 500: 2 });
      expect(await room.send("stable", 20)).toEqual({ 200: 20 });
      expect(await look()).toMatchObject(counted([40, 40], [0, 8], 5));
      await room.scale(1);
      await room.send("stable", 5);
      expect(await look()).toMatchObject(counted([45, 40], [0, 8], 5));
      expect(notes.filter((note) => note.includes("restarted"))).toHaveLength(1);
    });
  });

  it("are an outage where the right is lacking, and say which", async () => {
    await inNamespace(async (namespace) => {
      const room = await Room.open(namespace);
      const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }];
      const api = openApi(await connect({ kubeconfig: await namespace.restricted(rules) }));
      const telemetry = podTelemetry({ api, pods: () => room.pods() });
      expect(await telemetry.observe(stable, candidate)).toMatchObject({
        problem: "outage",
        detail: expect.stringMatching(/pods\/proxy|forbidden|403/i),
      });
    });
  });
});

describe("counts from Prometheus, through the API server", () => {
  it("are what was sent, by series that are known and by queries", async () => {
    await inNamespace(async (namespace) => {
      const room = await Room.open(namespace);
      const { namespace: at, name: service, port } = prometheusService;
      const prometheus = servicePrometheus(room.admin, { namespace: at, service, port });
      await scraped(prometheus, namespace.name, 2);
      const pods = async (side: SideName) => (await room.pods())[side].map(({ name }) => name);
      const names = async (side: SideName) => ({
        namespace: namespace.name,
        workload: workloads[side],
        pods: await pods(side),
      });
      const options = {
        prometheus,
        sides: async () => ({ stable: await names("stable"), candidate: await names("candidate") }),
      };
      const bySeries = prometheusTelemetry(options);
      const byQueries = prometheusTelemetry({ ...options, queries });
      const looks = async () =>
        [await bySeries.observe(stable, candidate), await byQueries.observe(stable, candidate)] as const;
      for (const look of await looks()) expect(look).toMatchObject({ problem: "no-traffic" });

      await room.send("stable", 20);
      await room.send("candidate", 30);
      await expect.poll(looks, patience).toMatchObject([counted([20, 30], [0, 6], 4), { ok: true }]);
      const [first, queried] = await looks();
      expect(queried).toMatchObject({ stable: { requests: 20 }, candidate: { requests: 30, errors: 6 } });
      expect(latencyCount(first)).toBe(30);
      expect(latencyCount(queried)).toBe(30);

      await room.crash();
      await room.scale(2);
      await room.send("candidate", 10);
      await room.send("stable", 20);
      const look = () => bySeries.observe(stable, candidate);
      await expect.poll(look, patience).toMatchObject(counted([40, 40], [0, 8], 5));
      // The sum of a query fell with the restart, and no more is known of it than that.
      expect(await byQueries.observe(stable, candidate)).toMatchObject({
        problem: "ambiguous",
        detail: expect.stringContaining("candidate"),
      });
    });
  });

  it("name the words of a Prometheus that refuses, and one that is not there", async () => {
    const admin = openApi(await connect({ kubeconfig: (await lab()).kubeconfig }));
    const { namespace: at, name: service, port } = prometheusService;
    const side = (workload: string) => ({ namespace: "none", workload, pods: [workload] });
    const sides = async () => ({ stable: side("a"), candidate: side("b") });
    const observe = (more: Partial<Parameters<typeof prometheusTelemetry>[0]>) =>
      prometheusTelemetry({
        prometheus: servicePrometheus(admin, { namespace: at, service, port }),
        sides,
        ...more,
      }).observe(stable, candidate);
    const broken = { requests: 'sum(x{pod=~"{{pods}}"}', errors: 'sum(x{pod=~"{{pods}}"})' };
    expect(await observe({ queries: parseQueries(broken) })).toMatchObject({
      problem: "outage",
      detail: expect.stringMatching(/stable requests: .*bad_data.*parse error/),
    });
    expect(await observe({})).toMatchObject({
      problem: "outage",
      detail: expect.stringContaining("no series that count requests of stable"),
    });
    const gone = servicePrometheus(admin, { namespace: at, service: "gone", port });
    expect(await observe({ prometheus: gone })).toMatchObject({
      problem: "outage",
      detail: expect.stringContaining("service gone in namespace monitoring"),
    });
  });
});

const of = (series: string, more = "") => `${series}{namespace="{{namespace}}",pod=~"{{pods}}"${more}}`;
const queries = parseQueries({
  requests: `sum(${of("ml_request_duration_seconds_count")}) or vector(0)`,
  errors: `sum(${of("ml_request_duration_seconds_count", ',status=~"5.."')}) or vector(0)`,
  // Its series begin with the first request; a histogram of scores is there from the start.
  scores: `sum by (le) (${of("ml_output_score_bucket")})`,
});

/** Until so many pods of the namespace have been read. */
async function scraped(prometheus: Prometheus, namespace: string, pods: number): Promise<void> {
  const query = `count(ml_predictions_total{namespace="${namespace}"})`;
  const count = async () => JSON.parse((await prometheus.query(query)).text).data.result[0]?.value[1];
  await expect.poll(count, patience).toBe(String(pods));
}

/** Of the candidate: its latencies, or its scores where there are no latencies. */
function latencyCount(observation: Observation): number {
  const side = observation.ok ? observation.candidate : null;
  const counts = side?.latency?.counts ?? side?.scores?.counts ?? [];
  return counts.reduce((sum, count) => sum + count, 0);
}
