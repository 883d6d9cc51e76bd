/** A whole cluster with one node, this machine: etcd, API server, controller manager, scheduler, kubelet on containerd,
 * kube-proxy, CoreDNS. */
import { goProgram } from "../../components/go-program.ts";
import { lendMachine } from "../../components/kubernetes/machine.ts";
import { nodeEnvironment, startNode } from "../../components/kubernetes/node.ts";
import { pushImage } from "../image.ts";
import type { Part, PartStatus, Site } from "../part.ts";
import { controlPlane, labDirectory, nodeAddress } from "../place.ts";

const programs = [
  ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
  ...["containerd", "kubelet", "kube-proxy", "coredns"],
];

async function up({ registry, say }: Site): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      "the lab's cluster makes this machine its node, which needs root, and this is another user. Run it as root, or give a cluster by KUBECONFIG.",
    );
  }
  await lendMachine(labDirectory, nodeAddress, await nodeEnvironment());
  say("control plane …");
  await controlPlane.start();
  say("node …");
  const pauseImage = await pushImage(registry, {
    repository: "lab/pause",
    tag: "1",
    layers: async () => [[{ path: "pause", content: { file: await goProgram("pause") }, mode: 0o755 }]],
    entrypoint: ["/pause"],
  });
  await startNode({
    ...{ plane: controlPlane, directory: labDirectory, address: nodeAddress },
    registry,
    pauseImage,
  });
}

export const cluster: Part = {
  name: "cluster",
  what: "Kubernetes 1.34 with this machine as its node",
  needs: ["registry"],
  programs: ["kubernetes", "pause"],
  up,
  async status(site) {
    if (site.own) return ownStatus();
    const answer = await site.kubectl(["get", "--raw", "/readyz"]).catch((error: Error) => error.message);
    const where = `KUBECONFIG=${site.kubeconfig}`;
    return answer === "ok" ? { up: true, where } : { up: false, where: `${where}: ${answer}` };
  },
  async down() {
    for (const name of programs.toReversed()) await controlPlane.daemons.stop(name);
  },
};

async function ownStatus(): Promise<PartStatus> {
  const stopped: string[] = [];
  for (const name of programs) if ((await controlPlane.daemons.pid(name)) === null) stopped.push(name);
  if (stopped.length === programs.length) return { up: false, where: "" };
  const ready = await controlPlane.kubectl(["get", "--raw", "/readyz"]).catch(() => "");
  const up = stopped.length === 0 && ready === "ok";
  const wrong = stopped.length > 0 ? `${stopped.join(", ")} not running` : "the API does not answer";
  return {
    up,
    where: up ? `${controlPlane.server}, KUBECONFIG=${controlPlane.kubeconfig("admin")}` : wrong,
  };
}
