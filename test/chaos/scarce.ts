/** A resource of the node that only the pods of one scene ask for: a node that is full for them alone. */
import type { TestNamespace } from "../cluster/namespace.ts";
import { nodeName } from "../components/kubernetes/node.ts";

export const slotsOf = (namespace: string) => `chaos.ml-actions.test/${namespace}`;

/** Stable's, the candidate's, and one that is free. */
const slots = 3;

export async function offerSlots(namespace: TestNamespace): Promise<void> {
  await patchNode(namespace, "add");
}

export async function withdrawSlots(namespace: TestNamespace): Promise<void> {
  await patchNode(namespace, "remove");
}

async function patchNode({ name, kubectl }: TestNamespace, op: "add" | "remove"): Promise<void> {
  const key = slotsOf(name).replaceAll("/", "~1");
  const changes = ["capacity", "allocatable"].map((field) => ({
    ...{ op, path: `/status/${field}/${key}` },
    ...(op === "add" && { value: String(slots) }),
  }));
  await kubectl([
    "patch",
    "node",
    nodeName,
    "--subresource=status",
    "--type=json",
    "-p",
    JSON.stringify(changes),
  ]);
}

/** A pod that matters more than any of the scene's, and for which one of them must go: the scheduler takes the one that
 * came last. */
export async function crowdOut({ name, apply, kubectl }: TestNamespace, image: string): Promise<void> {
  const wanted = { [slotsOf(name)]: String(slots - 1) };
  const resources = { requests: { cpu: "5m", memory: "32Mi", ...wanted }, limits: wanted };
  const spec = {
    ...{ priorityClassName: "system-cluster-critical", terminationGracePeriodSeconds: 0 },
    containers: [{ name: "server", image, resources }],
  };
  await apply([{ ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "more-important" } }, spec }]);
  await kubectl(["wait", "pod/more-important", "--for=jsonpath={.status.phase}=Running", "--timeout=90s"]);
}

/** Before what is left of the rollout is looked at. */
export async function makeRoom({ kubectl }: TestNamespace): Promise<void> {
  await kubectl(["delete", "pod", "more-important", "--ignore-not-found"]);
}
