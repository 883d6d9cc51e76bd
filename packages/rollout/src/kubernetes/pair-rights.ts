/** What platforms that run Deployments may do in the namespace, and why: for the Roles in `docs/rbac`, and looked at
 * before anything is touched. */
import type { Right } from "@ml-actions/cluster/types";

const core = (resource: string, verbs: readonly string[], why: string): Right => ({
  group: "",
  resource,
  verbs,
  why,
});

/** A candidate's Deployment beside stable's, and what stable's needs to take a release over. */
const pairRights: readonly Right[] = [
  {
    group: "apps",
    resource: "deployments",
    verbs: ["get", "create", "patch", "delete"],
    why: "runs the candidate beside stable, and puts its release into stable's workload when it is promoted",
  },
  {
    group: "apps",
    resource: "deployments",
    subresource: "scale",
    verbs: ["patch"],
    why: "gives the candidate the pods that its share needs",
  },
  core("pods", ["list"], "whether pods are ready, and why not"),
  { ...core("pods", ["get"], "what a container says before it ends; predictions"), subresource: "log" },
  { ...core("pods", ["get"], "reads the servers' own counters"), subresource: "proxy" },
  core("events", ["list"], "why a pod is not ready"),
  {
    group: "policy",
    resource: "poddisruptionbudgets",
    verbs: ["list"],
    why: "no budget of stable's may count the candidate's pods",
  },
  {
    group: "autoscaling",
    resource: "horizontalpodautoscalers",
    verbs: ["list", "patch"],
    why: "keeps stable from being scaled down while the candidate has its traffic",
  },
  {
    group: "keda.sh",
    resource: "scaledobjects",
    verbs: ["list", "patch"],
    why: "the same, where KEDA scales it",
  },
];

export const deploymentRights: readonly Right[] = [
  ...pairRights,
  core("pods", ["patch"], "lets so many of the candidate's pods behind the Service as its share needs"),
  core(
    "services",
    ["list", "patch"],
    "finds the Service before the Deployment, and gives a candidate, or the mirroring proxy, all of its traffic",
  ),
  core("services", ["create", "delete"], "leads from the mirroring proxy to each side"),
  {
    group: "discovery.k8s.io",
    resource: "endpointslices",
    verbs: ["list"],
    why: "whether traffic follows",
  },
];

const gatewayApi = "gateway.networking.k8s.io";

export const gatewayRights: readonly Right[] = [
  ...pairRights,
  {
    group: "apps",
    resource: "deployments",
    verbs: ["list"],
    why: "which Deployment the route's Service leads to",
  },
  core("services", ["get", "list", "create", "patch", "delete"], "a Service of its own for the candidate"),
  {
    group: gatewayApi,
    resource: "httproutes",
    verbs: ["get", "patch"],
    why: "shares traffic out between stable and the candidate, and mirrors it",
  },
];
