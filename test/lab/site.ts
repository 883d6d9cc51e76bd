/** The cluster that parts are brought up in: the lab's own, or the one that the caller gave by `KUBECONFIG`. */
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "@ml-actions/cluster/types";
import { kubectl } from "../components/kubernetes/kubectl.ts";
import { pushImage } from "./image.ts";
import type { Site } from "./part.ts";
import { registryHost } from "./parts/registry.ts";
import { controlPlane, labDirectory } from "./place.ts";

const rolloutTimeoutMs = 180_000;
const kindsTimeoutMs = 60_000;

/** null: there is none, and the lab makes its own. */
export const givenKubeconfig = (): string | null => process.env.KUBECONFIG || null;

/** Nothing is asked of the cluster yet. */
export async function openSite(say: (text: string) => void): Promise<Site> {
  const given = givenKubeconfig();
  const kubeconfig = given ?? controlPlane.kubeconfig("admin");
  const program = given === null ? controlPlane.program("kubectl") : "kubectl";
  const registry = given === null ? await registryHost() : (process.env.LAB_REGISTRY ?? "");
  const run = (args: readonly string[], stdin?: string) => kubectl(program, kubeconfig, args, stdin);
  return {
    ...{ kubeconfig, registry, directory: labDirectory, own: given === null, say, kubectl: run },
    apply: (manifests) => apply(run, manifests),
    rolledOut: (namespace, ...deployments) => rolledOut(run, namespace, deployments),
    image: (image) => {
      if (registry === "") {
        throw new Error(
          "images have no registry to go to: give one by LAB_REGISTRY (host:port, plain HTTP) that the cluster of KUBECONFIG pulls from.",
        );
      }
      return pushImage(registry, image);
    },
  };
}

type Kubectl = Site["kubectl"];

/** Each needs those before it. */
const order = ["CustomResourceDefinition", "Namespace"];

async function apply(run: Kubectl, manifests: string | readonly KubeObject[]): Promise<void> {
  const texts =
    typeof manifests === "string"
      ? manifests.split(/^---$/m).filter((text) => text.trim() !== "")
      : manifests.map((object) => JSON.stringify(object));
  const kindOf = (text: string) => /^(?:kind: |\{"apiVersion":"[^"]*","kind":")(\w+)/m.exec(text)?.[1] ?? "";
  const args = ["apply", "--server-side", "--force-conflicts", "--field-manager=ml-actions-lab", "-f", "-"];
  for (const kinds of [...order, null]) {
    const chosen = texts.filter((text) =>
      kinds === null ? !order.includes(kindOf(text)) : kindOf(text) === kinds,
    );
    if (chosen.length > 0) await run(args, chosen.join("\n---\n"));
    if (chosen.length > 0 && kinds === "CustomResourceDefinition")
      await established(run, chosen.join("\n---\n"));
  }
}

/** By reading: `kubectl wait` gives up on a kind that has no conditions yet, as one made a moment ago. */
async function established(run: Kubectl, kinds: string): Promise<void> {
  const deadlineMs = performance.now() + kindsTimeoutMs;
  for (;;) {
    const read = JSON.parse(await run(["get", "-o", "json", "-f", "-"], kinds)) as Kind | { items: Kind[] };
    const waiting = ("items" in read ? read.items : [read]).filter((kind) => !isEstablished(kind));
    if (waiting.length === 0) return;
    if (performance.now() > deadlineMs) {
      const names = waiting.map(({ metadata }) => metadata.name).join(", ");
      throw new Error(`${names} not served after ${kindsTimeoutMs / 1000} s`);
    }
    await sleep(250);
  }
}

interface Kind {
  metadata: { name: string };
  status?: { conditions?: { type: string; status: string }[] };
}

function isEstablished({ status }: Kind): boolean {
  return (status?.conditions ?? []).some(({ type, status }) => type === "Established" && status === "True");
}

async function rolledOut(run: Kubectl, namespace: string, deployments: readonly string[]): Promise<void> {
  const deadlineMs = performance.now() + rolloutTimeoutMs;
  for (;;) {
    const { items } = JSON.parse(await run(["get", "deployments", "-n", namespace, "-o", "json"])) as {
      items: Deployment[];
    };
    const missing = deployments.filter((name) => !items.some(({ metadata }) => metadata.name === name));
    const watched =
      deployments.length === 0 ? items : items.filter(({ metadata }) => deployments.includes(metadata.name));
    const waiting = [
      ...missing,
      ...watched.filter((each) => !isRolledOut(each)).map((each) => each.metadata.name),
    ];
    if (waiting.length === 0) return;
    const hopeless = await hopelessPods(run, namespace);
    if (hopeless !== "" || performance.now() > deadlineMs) {
      const why = hopeless || `not after ${rolloutTimeoutMs / 1000} s`;
      throw new Error(
        `${waiting.join(", ")} in ${namespace} not rolled out: ${why}\n${await podsOf(run, namespace)}`,
      );
    }
    await sleep(500);
  }
}

interface Deployment {
  metadata: { name: string; generation: number };
  spec: { replicas?: number };
  status: {
    observedGeneration?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    replicas?: number;
  };
}

function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    (status.observedGeneration ?? 0) >= metadata.generation &&
    (status.updatedReplicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted
  );
}

interface Pod {
  metadata: {
    name: string;
    creationTimestamp: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    ownerReferences?: { name: string }[];
  };
  status: {
    containerStatuses?: {
      name: string;
      restartCount: number;
      state?: { waiting?: { reason?: string; message?: string } };
    }[];
  };
}

const fatal = [
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "CreateContainerConfigError",
  "StartError",
];

/** What no waiting will mend: an image that is not there, a program that ends again and again. */
async function hopelessPods(run: Kubectl, namespace: string): Promise<string> {
  const { items } = JSON.parse(await run(["get", "pods", "-n", namespace, "-o", "json"])) as { items: Pod[] };
  const reasons: string[] = [];
  for (const { metadata, status } of newest(items)) {
    for (const { name, restartCount, state } of status.containerStatuses ?? []) {
      const { reason = "", message = "" } = state?.waiting ?? {};
      const where = `container ${name} of ${metadata.name}`;
      if (fatal.includes(reason)) reasons.push(`${where}: ${reason} ${message}`);
      // A first end or two are common while others start.
      if (reason !== "CrashLoopBackOff" || restartCount < 3) continue;
      const log = await run(["logs", "-n", namespace, metadata.name, "-c", name, "--previous", "--tail=5"]);
      reasons.push(`${where} ended ${restartCount} times, saying: ${log}`);
    }
  }
  return reasons.join("\n");
}

/** Without those that a newer template of the same Deployment replaces. */
function newest(pods: readonly Pod[]): Pod[] {
  const hashOf = ({ metadata }: Pod) => metadata.labels?.["pod-template-hash"] ?? "";
  const ownerOf = (pod: Pod) =>
    (pod.metadata.ownerReferences?.[0]?.name ?? "").replace(new RegExp(`-${hashOf(pod)}$`), "");
  const latest = new Map<string, Pod>();
  for (const pod of pods) {
    const seen = latest.get(ownerOf(pod));
    if (seen === undefined || seen.metadata.creationTimestamp < pod.metadata.creationTimestamp)
      latest.set(ownerOf(pod), pod);
  }
  return pods.filter((pod) => {
    const { deletionTimestamp } = pod.metadata;
    return deletionTimestamp === undefined && hashOf(pod) === hashOf(latest.get(ownerOf(pod)) ?? pod);
  });
}

async function podsOf(run: Kubectl, namespace: string): Promise<string> {
  const pods = await run(["get", "pods", "-n", namespace, "-o", "wide"]);
  const events = await run(["get", "events", "-n", namespace, "--sort-by=.lastTimestamp"]);
  return `${pods}\n${events.trimEnd().split("\n").slice(-10).join("\n")}`;
}
