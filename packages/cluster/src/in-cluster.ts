/** The connection of a pod to the cluster that it runs in, from the files of its service account. Without client-node,
 * for the guard's bundle must fit into a ConfigMap. */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { ClusterError } from "./error.ts";
import type { Connection } from "./types.ts";

const serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Whether this process runs in a pod with a service account. */
export function isInCluster(
  environment: NodeJS.ProcessEnv = process.env,
  directory = serviceAccountDir,
): boolean {
  return Boolean(environment.KUBERNETES_SERVICE_HOST) && existsSync(join(directory, "token"));
}

/** The files are read before every request, since the kubelet renews the token. Never through a proxy: the address is
 * one of the cluster's own. Throws `ClusterError` code `kubeconfig` outside of a pod; `credentials()` rejects with code
 * `credentials`. */
export function inCluster(
  environment: NodeJS.ProcessEnv = process.env,
  directory: string = serviceAccountDir,
): Connection {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host || !port || !isInCluster(environment, directory)) {
    throw new ClusterError("kubeconfig", "this process does not run in a pod with a service account", {
      remedy: "Name a kubeconfig.",
    });
  }
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    namespace: existsSync(join(directory, "namespace"))
      ? readFileSync(join(directory, "namespace"), "utf8").trim()
      : "default",
    name: "in-cluster",
    credentials: async () => {
      const [token, ca] = await Promise.all([text(directory, "token"), text(directory, "ca.crt")]);
      return { headers: { authorization: `Bearer ${token}` }, ca };
    },
  };
}

async function text(directory: string, name: string): Promise<string> {
  const content = await readFile(join(directory, name), "utf8").catch((cause: unknown) => {
    throw new ClusterError("credentials", `the service account's file ${name} cannot be read`, {
      cause,
      remedy: "Give the pod its service account: automountServiceAccountToken must not be false.",
    });
  });
  if (content.trim() !== "") return content.trim();
  throw new ClusterError("credentials", `the service account's file ${name} is empty`, {
    remedy: "Look at the kubelet's log: it writes this file.",
  });
}
