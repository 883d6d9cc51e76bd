/** This machine as the one node of a cluster: containerd, kubelet, kube-proxy, and the cluster's DNS. All but networks,
 * which `machine.ts` clears away, lies in the control plane's directory. */
import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "../cache.ts";
import { cgroupOf } from "../containerd/leftovers.ts";
import { debianEnvironment, debianRoot } from "../debian-tool.ts";
import { type ControlPlane, clusterNetwork } from "./control-plane.ts";

export interface NodeOptions {
  plane: ControlPlane;
  directory: string;
  /** Of this machine and its own alone: the node's. */
  address: string;
  /** `host:port` of a registry that speaks plain HTTP, and the image in it that holds a pod's namespaces. */
  registry: string;
  pauseImage: string;
}

export const nodeName = "lab";
const packages = ["containerd", "runc", "containernetworking-plugins", "iptables", "conntrack", "socat"];

/** Starts what does not run; resolves when the node is ready for pods. */
export async function startNode(options: NodeOptions): Promise<void> {
  const { plane, directory } = options;
  const environment = await nodeEnvironment();
  await writeNetwork(directory);
  await startContainerd(options, environment);
  await startKubelet(options, environment);
  await startProxy(options, environment);
  await startDns(options);
  await plane.daemons.until("kubelet", async () => {
    const path = "{.status.conditions[?(@.type=='Ready')].status}";
    return (await plane.kubectl(["get", "node", nodeName, "-o", `jsonpath=${path}`])) === "True";
  });
}

/** Where Debian's programs lie, unpacked, with the names of iptables that its installation would link. */
export async function nodeEnvironment(): Promise<Record<string, string>> {
  const root = await debianRoot([...packages, "iproute2"]);
  const { PATH, LD_LIBRARY_PATH } = debianEnvironment(root);
  const links = await cacheFolder("lab", "iptables");
  for (const family of ["iptables", "ip6tables"]) {
    for (const name of [family, `${family}-save`, `${family}-restore`]) {
      await symlink(join(root, "usr/sbin/xtables-nft-multi"), join(links, name)).catch((error) => {
        if (error.code !== "EEXIST") throw error;
      });
    }
  }
  const triplet = LD_LIBRARY_PATH.split(":")[0] as string;
  return {
    PATH: `${links}:${PATH}`,
    LD_LIBRARY_PATH,
    XTABLES_LIBDIR: join(triplet, "xtables"),
    CNI_PLUGINS: join(root, "usr/lib/cni"),
  };
}

/** A link of its own for every pod, and no bridge: what comes back from a service always passes the rules that it went
 * out by, which over a bridge needs a module of the kernel. */
async function writeNetwork(directory: string): Promise<void> {
  const ipam = {
    type: "host-local",
    dataDir: join(directory, "addresses"),
    ranges: [[{ subnet: clusterNetwork.pods }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  const network = {
    cniVersion: "0.4.0",
    name: "ml-actions-lab",
    plugins: [
      { type: "ptp", ipMasq: true, ipam },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
  await mkdir(join(directory, "network"), { recursive: true });
  await writeFile(join(directory, "network/lab.conflist"), JSON.stringify(network));
}

async function startContainerd(
  { plane, directory, registry, pauseImage }: NodeOptions,
  environment: Record<string, string>,
): Promise<void> {
  const in_ = (name: string) => join(directory, name);
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  // `restrict_oom_score_adj`: without CAP_SYS_RESOURCE, as in many virtual machines, no sandbox starts otherwise.
  const config = `version = 2
root = "${in_("containerd")}"
state = "${in_("state")}"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
address = "${socketOf(directory)}"
[ttrpc]
address = "${in_("state/ttrpc.sock")}"
[${cri}]
sandbox_image = "${pauseImage}"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
disable_tcp_service = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
max_concurrent_downloads = 4
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
Root = "${in_("state/runc")}"
[${cri}.cni]
bin_dir = "${environment.CNI_PLUGINS}"
conf_dir = "${in_("network")}"
[${cri}.registry.mirrors."${registry}"]
endpoint = ["http://${registry}"]
`;
  await mkdir(in_("state"), { recursive: true });
  await writeFile(in_("containerd.toml"), config);
  await plane.daemons.start("containerd", ["containerd", "--config", in_("containerd.toml")], {
    environment,
  });
  await plane.daemons.until("containerd", async () => {
    await promisify(execFile)("ctr", ["--address", socketOf(directory), "version"], { env: environment });
    return true;
  });
}

const socketOf = (directory: string) => join(directory, "state/containerd.sock");

async function startKubelet(
  { plane, directory, address }: NodeOptions,
  environment: Record<string, string>,
): Promise<void> {
  const configuration = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address,
    // Only this machine and its pods reach the address.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    readOnlyPort: 0,
    healthzPort: 0,
    containerRuntimeEndpoint: `unix://${socketOf(directory)}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroupOf(directory),
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: ["none"],
    clusterDomain: clusterNetwork.domain,
    clusterDNS: [address],
    podLogsDir: join(directory, "pod-logs"),
    volumePluginDir: join(directory, "volume-plugins"),
    serializeImagePulls: false,
    registryPullQPS: 0,
    eventRecordQPS: 0,
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
    maxPods: 110,
    volumeStatsAggPeriod: "0s",
    nodeStatusUpdateFrequency: "20s",
    // The machine's disk is the user's own business: only its end is ours.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  };
  const path = join(directory, "kubelet.json");
  await writeFile(path, JSON.stringify(configuration));
  const command = [
    plane.program("kubelet"),
    ...[`--config=${path}`, `--kubeconfig=${plane.kubeconfig("system:node:lab")}`],
    ...[`--root-dir=${join(directory, "kubelet")}`, `--cert-dir=${join(directory, "kubelet/pki")}`],
    ...[`--hostname-override=${nodeName}`, `--node-ip=${address}`],
  ] as [string, ...string[]];
  await plane.daemons.start("kubelet", command, { environment });
}

async function startProxy(
  { plane, directory }: NodeOptions,
  environment: Record<string, string>,
): Promise<void> {
  const configuration = {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    clientConnection: { kubeconfig: plane.kubeconfig("system:kube-proxy") },
    clusterCIDR: clusterNetwork.pods,
    hostnameOverride: nodeName,
    bindAddress: "0.0.0.0",
    healthzBindAddress: `${plane.privateAddress}:10256`,
    metricsBindAddress: `${plane.privateAddress}:10249`,
    // Limits of the machine are left as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    iptables: { localhostNodePorts: false, minSyncPeriod: "100ms", syncPeriod: "5m" },
  };
  const path = join(directory, "kube-proxy.json");
  // It ends when its file is written, even with the same words.
  if ((await plane.daemons.pid("kube-proxy")) === null) await writeFile(path, JSON.stringify(configuration));
  await plane.daemons.start("kube-proxy", [plane.program("kube-proxy"), `--config=${path}`], { environment });
  const health = `http://${plane.privateAddress}:10256/livez`;
  await plane.daemons.until("kube-proxy", async () => (await fetch(health)).ok);
}

/** On the node itself: pods reach it as soon as they are there, and it costs no image. */
async function startDns({ plane, directory, address }: NodeOptions): Promise<void> {
  const corefile = `.:53 {
  bind ${address}
  errors
  ready ${address}:8181
  cache 5
  kubernetes ${clusterNetwork.domain} in-addr.arpa {
    kubeconfig ${plane.kubeconfig("admin")}
    ttl 5
  }
}
`;
  const path = join(directory, "Corefile");
  await writeFile(path, corefile);
  await plane.daemons.start("coredns", [plane.program("coredns"), "-conf", path]);
  await plane.daemons.until("coredns", async () => (await fetch(`http://${address}:8181/ready`)).ok);
}
