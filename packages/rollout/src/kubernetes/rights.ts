/**
 * What each target may do in its namespace, and why: the Roles in `docs/rbac` are written from this, and a runner that
 * lacks any of it is told so before anything is touched. The guard has no right that only preparing a candidate needs.
 */
import type { Right } from "@ml-actions/cluster/types";
import { kserveRights } from "../kserve/rights.ts";
import { guardAccountRights, runnerGuardRights, runnerLedgerRights } from "./guard-rights.ts";

export type RightsTarget = "deployment" | "gateway" | "istio" | "knative" | "kserve";

export interface TargetRights {
  /** Of who runs deploy, rollback and shadow with a guard. */
  runner: Right[];
  /** Of the guard's ServiceAccount: to restore, and to carry a committed promotion to its end. */
  guard: Right[];
}

interface PlatformRights {
  both: readonly Right[];
  /** Beside those: before there is anything to restore. */
  runner: readonly Right[];
}

const [apps, gatewayApi, istioApi, knativeApi, kserveApi] = [
  "apps",
  "gateway.networking.k8s.io",
  "networking.istio.io",
  "serving.knative.dev",
  "serving.kserve.io",
];

/** Which pods there are and what they say: every target. */
const seePods: readonly Right[] = [
  { group: "", resource: "pods", verbs: ["list"], why: "sees which pods are ready, and why others are not" },
  {
    group: "",
    resource: "pods",
    subresource: "log",
    verbs: ["get"],
    why: "shows how a pod that ended ended",
  },
  { group: "", resource: "events", verbs: ["list"], why: "says why a pod cannot be made or placed" },
];

/** Counts, predictions and proofs through the API server. */
const runnerReads: readonly Right[] = [
  { group: "", resource: "pods", subresource: "proxy", verbs: ["get"], why: "reads the pods' own metrics" },
  {
    group: "",
    resource: "pods",
    subresource: "proxy",
    verbs: ["create"],
    why: "has the guard measure shares where the runner itself cannot reach the traffic",
  },
  {
    group: "",
    resource: "pods",
    subresource: "log",
    verbs: ["get"],
    why: "reads predictions of both sides for shadow",
  },
];

/** Stable's Deployment, which is the user's, and the candidate's beside it, which is ours. */
const workloads: PlatformRights = {
  both: [
    ...seePods,
    {
      group: apps,
      resource: "deployments",
      verbs: ["get", "list", "patch", "delete"],
      why: "puts the release into the user's Deployment; removes the candidate's",
    },
    {
      group: apps,
      resource: "deployments",
      subresource: "scale",
      verbs: ["patch"],
      why: "gives each side its pods before its traffic",
    },
    {
      group: "autoscaling",
      resource: "horizontalpodautoscalers",
      verbs: ["list", "patch"],
      why: "keeps stable's floor while a candidate has its traffic, and gives it back",
    },
    { group: "", resource: "services", verbs: ["get", "list"], why: "finds what leads to the pods" },
  ],
  runner: [
    { group: apps, resource: "deployments", verbs: ["create"], why: "makes the candidate's Deployment" },
    {
      group: "policy",
      resource: "poddisruptionbudgets",
      verbs: ["list"],
      why: "keeps the candidate's pods out of stable's budget",
    },
  ],
};

/** The candidate's own Service, behind a route. */
const candidateService: PlatformRights = {
  both: [{ group: "", resource: "services", verbs: ["delete"], why: "removes the candidate's Service" }],
  runner: [
    { group: "", resource: "services", verbs: ["create", "patch"], why: "makes the candidate's Service" },
  ],
};

const deployment: PlatformRights = {
  both: [
    ...workloads.both,
    {
      group: "",
      resource: "pods",
      verbs: ["patch"],
      why: "shares traffic out by the labels of the candidate's pods",
    },
    {
      group: "",
      resource: "services",
      verbs: ["patch"],
      why: "gives the candidate all traffic, and takes it back",
    },
    {
      group: "discovery.k8s.io",
      resource: "endpointslices",
      verbs: ["list"],
      why: "sees which pods the Service leads to",
    },
  ],
  runner: workloads.runner,
};

const gateway: PlatformRights = {
  both: [
    ...workloads.both,
    ...candidateService.both,
    {
      group: gatewayApi,
      resource: "httproutes",
      verbs: ["get", "patch"],
      why: "writes weights and mirrors into the user's route",
    },
  ],
  runner: [
    ...workloads.runner,
    ...candidateService.runner,
    {
      group: gatewayApi,
      resource: "httproutes",
      verbs: ["list"],
      why: "finds the routes that a selector means",
    },
  ],
};

const istio: PlatformRights = {
  both: [
    ...workloads.both,
    ...candidateService.both,
    {
      group: istioApi,
      resource: "virtualservices",
      verbs: ["get", "patch"],
      why: "writes weights and mirrors into the user's VirtualService",
    },
    {
      group: istioApi,
      resource: "destinationrules",
      verbs: ["list", "patch"],
      why: "adds the candidate's subset where routes name subsets, and removes it",
    },
  ],
  runner: [
    ...workloads.runner,
    ...candidateService.runner,
    {
      group: istioApi,
      resource: "virtualservices",
      verbs: ["list"],
      why: "finds the VirtualServices that a selector means",
    },
  ],
};

const knative: PlatformRights = {
  both: [
    ...seePods,
    {
      group: knativeApi,
      resource: "services",
      verbs: ["get", "patch"],
      why: "writes template and traffic of the user's Knative Service",
    },
    {
      group: knativeApi,
      resource: "revisions",
      verbs: ["get", "list", "patch", "delete"],
      why: "sees which release each Revision is, keeps its pods while a rollout lasts, removes the candidate's",
    },
    {
      group: apps,
      resource: "deployments",
      verbs: ["get", "list"],
      why: "sees whether a Revision's pods are ready, and why not",
    },
    { group: "", resource: "services", verbs: ["get"], why: "finds the ingress that shares are measured at" },
  ],
  runner: [
    {
      group: knativeApi,
      resource: "services",
      verbs: ["list"],
      why: "finds the Services that a selector means",
    },
  ],
};

/** Making the candidate's InferenceService is preparing; the rest is on the way back as well. */
const kserve: PlatformRights = {
  both: kserveRights.map((right) =>
    right.resource === "inferenceservices"
      ? { ...right, verbs: right.verbs.filter((verb) => verb !== "create") }
      : right,
  ),
  runner: [
    {
      group: kserveApi,
      resource: "inferenceservices",
      verbs: ["create", "list"],
      why: "makes the candidate's InferenceService; finds those that a selector means",
    },
  ],
};

const platformRights: Readonly<Record<RightsTarget, PlatformRights>> = {
  deployment,
  gateway,
  istio,
  knative,
  kserve,
};

export const rightsTargets = Object.keys(platformRights) as RightsTarget[];

/** Each thing once, with all verbs that are needed on it. */
export function rightsOf(target: RightsTarget): TargetRights {
  const { both, runner } = platformRights[target];
  return {
    runner: joined([...both, ...runner, ...runnerReads, ...runnerLedgerRights, ...runnerGuardRights]),
    guard: joined([...both, ...guardAccountRights]),
  };
}

function joined(rights: readonly Right[]): Right[] {
  const byThing = new Map<string, Right>();
  for (const right of rights) {
    const thing = JSON.stringify([
      right.group,
      right.resource,
      right.subresource,
      right.namespace,
      right.name,
    ]);
    const before = byThing.get(thing);
    byThing.set(
      thing,
      before === undefined
        ? right
        : {
            ...right,
            verbs: [...new Set([...before.verbs, ...right.verbs])],
            why: before.why.includes(right.why) ? before.why : `${before.why}; ${right.why}`,
          },
    );
  }
  return [...byThing.values()];
}
