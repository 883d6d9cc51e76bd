/** What a node changes of the machine outside its directory: an address, settings of the kernel, packet rules, a few
 * folders. Written down before the change, put back after. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { clusterNetwork } from "./control-plane.ts";

const run = promisify(execFile);

/** Kubelet and kube-proxy set these. */
const settings = [
  "net/ipv4/ip_forward",
  "net/ipv4/conf/all/route_localnet",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

const rulePrefix = /\b(KUBE-|CNI-)/;
const settingsFile = "machine.json";

/** Rejects, naming it, when another cluster's node runs here: two of them undo each other's rules. */
export async function lendMachine(
  directory: string,
  address: string,
  environment: Record<string, string>,
): Promise<void> {
  const file = join(directory, settingsFile);
  if ((await readFile(file).catch(() => null)) === null) {
    if (rulePrefix.test(await output("iptables-save", [], environment))) {
      throw new Error(
        "another Kubernetes node works on this machine (its KUBE- chains are in the packet rules), and the lab's would disturb it. Stop it, or give its cluster to the tests by KUBECONFIG.",
      );
    }
    const before: Record<string, string> = {};
    for (const name of settings) {
      const value = await readFile(`/proc/sys/${name}`, "utf8").catch(() => null);
      if (value !== null) before[name] = value.trim();
    }
    await writeFile(file, JSON.stringify(before));
  }
  await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
  const addresses = await output("ip", ["-o", "address", "show", "dev", "lo"], environment);
  if (!addresses.includes(`${address}/32`))
    await run("ip", ["address", "add", `${address}/32`, "dev", "lo"], { env: environment });
  // Without a route the kernel refuses before the rules for services are asked, as on a machine without a network.
  const route = [clusterNetwork.services, "dev", "lo", "src", address];
  await run("ip", ["route", "replace", ...route], { env: environment });
}

/** After all programs of the node have ended. */
export async function giveBackMachine(
  directory: string,
  address: string,
  environment: Record<string, string>,
): Promise<void> {
  for (const family of ["iptables", "ip6tables"]) await removeRules(family, environment);
  await run("ip", ["route", "delete", clusterNetwork.services, "dev", "lo"], { env: environment }).catch(
    () => {},
  );
  await run("ip", ["address", "delete", `${address}/32`, "dev", "lo"], { env: environment }).catch(() => {});
  await run("conntrack", ["-D", "-d", clusterNetwork.services], { env: environment }).catch(() => {});
  const before = await readFile(join(directory, settingsFile), "utf8").catch(() => "{}");
  for (const [name, value] of Object.entries(JSON.parse(before) as Record<string, string>))
    await writeFile(`/proc/sys/${name}`, value);
}

/** Chains and rules of kube-proxy, kubelet and the network plugins; all others stay, with their counters. */
async function removeRules(family: string, environment: Record<string, string>): Promise<void> {
  const saved = await output(`${family}-save`, ["-c"], environment);
  if (!rulePrefix.test(saved)) return;
  const kept = saved.split("\n").filter((line) => line.startsWith("#") || !rulePrefix.test(line));
  const child = spawn(`${family}-restore`, ["-c"], {
    env: environment,
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin.end(`${kept.join("\n")}\n`);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${family}-restore ended with ${code}`);
}

/** After everything else: links to logs, results of network plugins, and a socket lie where no option can put them. */
export async function removeTraces(directory: string): Promise<void> {
  const [logs, results, sockets] = [
    "/var/log/containers",
    "/var/lib/cni/results",
    "/var/lib/kubelet/device-plugins",
  ];
  for (const name of await readdir(logs).catch(() => [])) {
    const path = join(logs, name);
    if ((await readlink(path).catch(() => "")).startsWith(`${directory}/`)) await rm(path, { force: true });
  }
  for (const name of await readdir(results).catch(() => [])) {
    const path = join(results, name);
    // The network namespace of the pod, which lies in the directory.
    if ((await readFile(path, "utf8")).includes(`"${directory}/`)) await rm(path, { force: true });
  }
  await rm(join(sockets, "kubelet.sock"), { force: true });
  const folders = [logs, results, dirname(results), sockets, dirname(sockets), "/run/containerd/s"];
  // Those that are empty: what others put there stays.
  for (const folder of [...folders, "/run/containerd"]) await rmdir(folder).catch(() => {});
}

async function output(
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<string> {
  return (await run(program, [...args], { env: environment, maxBuffer: 2 ** 26 })).stdout;
}
