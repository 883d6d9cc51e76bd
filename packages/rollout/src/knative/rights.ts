/** What a rollout of a Knative Service may do in its namespace. */
import type { Right } from "@ml-actions/cluster/types";

const knative = "serving.knative.dev";

export const knativeRights: readonly Right[] = [
  {
    group: knative,
    resource: "services",
    verbs: ["get", "patch"],
    why: "puts the release into the user's Knative Service, and shares its traffic out",
  },
  {
    group: knative,
    resource: "revisions",
    verbs: ["get", "list", "patch", "delete"],
    why: "sees which release each Revision is, keeps its pods while it is needed, and removes the candidate's",
  },
  { group: "", resource: "services", verbs: ["get"], why: "where requests for it come in" },
  {
    group: "apps",
    resource: "deployments",
    verbs: ["get", "list"],
    why: "whether a Revision's pods are ready, and why not",
  },
  { group: "", resource: "pods", verbs: ["list"], why: "which pods are ready, and why others are not" },
  {
    group: "",
    resource: "pods",
    subresource: "log",
    verbs: ["get"],
    why: "what a container says before it ends; predictions",
  },
  {
    group: "",
    resource: "pods",
    subresource: "proxy",
    verbs: ["get"],
    why: "reads the servers' own counters",
  },
  { group: "", resource: "events", verbs: ["list"], why: "why a pod is not ready" },
];

/** The ingress belongs to those who run the cluster. */
export const knativeClusterRights: readonly Right[] = [
  { group: "", resource: "services", verbs: ["get"], why: "the address of Knative's ingress" },
];
