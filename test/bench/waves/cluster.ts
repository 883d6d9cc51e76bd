/** The cluster of the measurement: real etcd, API server, controllers and scheduler; node and gateway stand in. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import { rbacYaml } from "@ml-actions/release/rbac";
import { goSource } from "../../components/go-tool.ts";
import { renderChart } from "../../components/helm.ts";
import { type OwnControlPlane, ownControlPlane } from "../../lab/own-control-plane.ts";
import { auditPolicy } from "./audit.ts";
import { type StandIn, startStandIn } from "./node.ts";
import { gatewayObjects, gatewayStatus, namespace, resourceObjects } from "./objects.ts";

const account = "deployer";
const user = `system:serviceaccount:${namespace}:${account}`;

export interface BenchCluster {
  /** Path, of an account with exactly the rights of docs/rbac/gateway.yaml. */
  kubeconfig: string;
  /** Path: JSON lines, of that account alone. */
  auditLog: string;
  standIn: StandIn;
  stop(): Promise<void>;
}

/** @param runs how many resources each run is about: the most of them are made */
export async function startCluster(runs: readonly number[]): Promise<BenchCluster> {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-bench-"));
  const [policy, auditLog] = [join(directory, "policy.json"), join(directory, "audit.log")];
  await writeFile(policy, auditPolicy(user));
  const plane = await ownControlPlane([`--audit-policy-file=${policy}`, `--audit-log-path=${auditLog}`]);
  const parts: { standIn?: StandIn } = {};
  const stop = async () => {
    await parts.standIn?.stop();
    await plane.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await definitions(plane);
    const api = openApi(await connect({ kubeconfig: plane.kubeconfig }));
    const standIn = await startStandIn(api);
    parts.standIn = standIn;
    await apply(plane, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
    await apply(plane, gatewayObjects(standIn.port));
    await api.merge(
      { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", namespace, name: "bench" },
      { status: gatewayStatus },
      "status",
    );
    const indices = Array.from({ length: Math.max(...runs) }, (_, index) => index);
    await apply(
      plane,
      indices.flatMap((index) => resourceObjects(index, standIn.port, runs)),
    );
    const available = ["wait", "deployment", "--all", "-n", namespace, "--for=condition=Available"];
    await plane.kubectl([...available, "--timeout=300s"]);
    const kubeconfig = join(directory, "kubeconfig");
    await writeFile(kubeconfig, await accountConfig(plane), { mode: 0o600 });
    return { kubeconfig, auditLog, standIn, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function definitions(plane: OwnControlPlane): Promise<void> {
  const charts = join(await goSource("envoy-gateway"), "charts");
  const yaml = await renderChart(join(charts, "gateway-crds-helm"), {
    ...{ release: "crds", namespace: "default" },
    values: {
      crds: { gatewayAPI: { enabled: true, channel: "standard" }, envoyGateway: { enabled: false } },
    },
  });
  await plane.kubectl(["apply", "--server-side", "-f", "-"], yaml);
  await plane.kubectl(["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]);
}

/** The file that an administrator applies, and the bindings that it names. */
async function accountConfig(plane: OwnControlPlane): Promise<string> {
  await plane.kubectl(["apply", "-f", "-"], rbacYaml("gateway").replaceAll("my-namespace", namespace));
  await plane.kubectl(["create", "serviceaccount", account, "-n", namespace]);
  const who = `--serviceaccount=${namespace}:${account}`;
  const [role, sees] = ["ml-actions-gateway", "ml-actions-gateway-sees"];
  await plane.kubectl(["create", "rolebinding", role, `--role=${role}`, who, "-n", namespace]);
  await plane.kubectl(["create", "clusterrolebinding", sees, `--clusterrole=${sees}`, who]);
  const token = await plane.kubectl(["create", "token", account, "-n", namespace, "--duration=4h"]);
  const config = JSON.parse(await readFile(plane.kubeconfig, "utf8"));
  const users = config.users.map((each: object) => ({ ...each, user: { token: token.trim() } }));
  const contexts = config.contexts.map((each: { context: object }) => ({
    ...each,
    context: { ...each.context, user: users[0].name, namespace },
  }));
  return JSON.stringify({ ...config, users: users.slice(0, 1), contexts });
}

async function apply(plane: OwnControlPlane, items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await plane.kubectl(["apply", "--server-side", "-f", "-"], list);
}
