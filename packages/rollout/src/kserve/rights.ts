/** What a rollout of an InferenceService may do in its namespace. */
import type { Right } from "@ml-actions/cluster/types";

const kserve = "serving.kserve.io";
const read = ["get", "list"] as const;

/** Standard mode. */
const standard: readonly Right[] = [
  {
    group: kserve,
    resource: "inferenceservices",
    verbs: ["get", "patch", "create", "delete"],
    why: "puts the release into the user's InferenceService; makes and removes the candidate's",
  },
  { group: "apps", resource: "deployments", verbs: ["get"], why: "sees whether a release is ready" },
  {
    group: "apps",
    resource: "deployments",
    subresource: "scale",
    verbs: ["patch"],
    why: "gives each side its pods before its traffic",
  },
  {
    group: "",
    resource: "pods",
    verbs: read,
    why: "sees which pods are ready, and what those say that are not",
  },
  { group: "", resource: "events", verbs: ["list"], why: "says why a pod is not ready" },
  {
    group: "",
    resource: "pods",
    subresource: "log",
    verbs: ["get"],
    why: "shows how a pod that ended ended",
  },
  {
    group: "gateway.networking.k8s.io",
    resource: "httproutes",
    verbs: ["get", "list", "create", "patch", "delete"],
    why: "shares requests out between both releases",
  },
];

/** Knative mode, beyond that. */
const knative: readonly Right[] = [
  {
    group: "serving.knative.dev",
    resource: "revisions",
    verbs: ["get", "patch"],
    why: "sees which release each Revision is in Knative mode, and keeps its pods while they are needed",
  },
  {
    group: "serving.knative.dev",
    resource: "services",
    verbs: ["get"],
    why: "where requests come in, in Knative mode",
  },
  { group: "", resource: "services", verbs: ["get"], why: "where requests come in, in Knative mode" },
  {
    group: "apps",
    resource: "deployments",
    verbs: ["list"],
    why: "whether the pods of a Revision are ready, and why not",
  },
];

export const kserveRights: readonly Right[] = [...standard, ...knative];
