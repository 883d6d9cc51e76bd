/** An account with exactly what docs/rbac gives, applied and bound as the file's head says. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubernetesTargetName } from "@ml-actions/rollout/targets/names";
import type { TestNamespace } from "./namespace.ts";

const folder = join(import.meta.dirname, "../../docs/rbac");
const account = "runner";

/** @param work gets the path of the account's kubeconfig */
export async function asRole<T>(
  { name, kubectl, kubeconfigOf }: TestNamespace,
  target: KubernetesTargetName,
  work: (kubeconfig: string) => Promise<T>,
): Promise<T> {
  const file = (await readFile(join(folder, `${target}.yaml`), "utf8")).replaceAll("my-namespace", name);
  const [role, sees] = [`ml-actions-${target}`, `ml-actions-${target}-sees`];
  const binding = `runner-sees-${name}`;
  await kubectl(["apply", "-f", "-"], file);
  await kubectl(["create", "serviceaccount", account]);
  const who = `--serviceaccount=${name}:${account}`;
  await kubectl(["create", "rolebinding", role, `--role=${role}`, who]);
  if (file.includes(sees))
    await kubectl(["create", "clusterrolebinding", binding, `--clusterrole=${sees}`, who]);
  try {
    return await work(await kubeconfigOf(account));
  } finally {
    // What belongs to no namespace does not go with it. The ClusterRole may be another's as well by now.
    const bindings = [binding, `${sees}-${name}`];
    await kubectl(["delete", "clusterrolebinding", ...bindings, "--ignore-not-found"]);
  }
}
