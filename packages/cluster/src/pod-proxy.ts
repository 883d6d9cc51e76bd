/** Requests to pods and services through the API server: no way into the cluster's network is needed, only its rights. */
import { ClusterError } from "./error.ts";
import { refusal, statusOf } from "./failures.ts";
import { segment } from "./kinds.ts";
import type { Requests } from "./requests.ts";
import type { ProxyAnswer, ProxyTarget } from "./types.ts";

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 16 * 1024 * 1024;

/** The pod's own answer, whatever its status. Rejects with `ClusterError` when the API server itself refuses, knows no
 * such pod, or cannot reach it (`unreachable`). */
export async function proxied(requests: Requests, to: ProxyTarget): Promise<ProxyAnswer> {
  const { kind, namespace, method = "GET", headers = {}, body } = to;
  const name = segment(to.name, "name");
  const scheme = to.scheme === "https" ? "https:" : "";
  const place = `/api/v1/namespaces/${segment(namespace, "namespace")}/${kind}`;
  const path = `${place}/${scheme}${name}:${segment(String(to.port), "port")}/proxy${safePath(to.path)}`;
  const limits = { timeoutMs: to.timeoutMs ?? defaultTimeoutMs, maxBytes: to.maxBytes ?? defaultMaxBytes };
  const { incoming, text } = await requests.once({ method, path, headers, body }, limits);
  const said = incoming.status < 400 ? null : statusOf(text);
  if (said === null) return { status: incoming.status, headers: incoming.headers, text };
  if (incoming.status >= 500) {
    const what = `${kind === "pods" ? "pod" : "service"} ${name}:${to.port} in namespace ${namespace}`;
    throw new ClusterError("unreachable", `the API server cannot reach ${what}: ${said.message}`, {
      status: incoming.status,
      remedy:
        "Look whether the pod runs and listens there, and whether a NetworkPolicy keeps the API server out.",
    });
  }
  throw refusal(incoming.status, text, {
    verb: verbs[method] ?? "get",
    ref: { apiVersion: "v1", kind: kind === "pods" ? "Pod" : "Service", namespace, name },
    subresource: "proxy",
    connection: requests.connection.name,
  });
}

/** What a Role calls the methods. */
const verbs: Record<string, string> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

/** Paths come from users' probes: with `..` they could leave the pod for another part of the API, as us. */
function safePath(path: string): string {
  const [file = "", ...query] = path.split("?");
  const plainFile = file.replace(/%2e/gi, ".").replace(/%2f|%5c|\\/gi, "/");
  const leaves = plainFile.split("/").some((part) => part === "." || part === "..");
  if (path.startsWith("/") && !leaves && !/[^\x21-\x7e]|#/.test(path)) {
    return [file, ...query].join("?");
  }
  throw new ClusterError("invalid", `${JSON.stringify(path.slice(0, 80))} is no path that can be asked for`, {
    remedy: "A path begins with /, has no . or .. parts, and is percent-encoded.",
  });
}
