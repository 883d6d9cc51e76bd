/**
 * What each target may do, and why: the files in `docs/rbac` are written from this. A runner that lacks any of it is told
 * so before anything is touched, and a guard that does is not taken for one.
 */
import type { Right } from "@ml-actions/cluster/types";
import { istioClusterRights, istioRights } from "../istio/rights.ts";
import { knativeClusterRights, knativeRights } from "../knative/rights.ts";
import { kserveRights } from "../kserve/rights.ts";
import { guardAccountRights, runnerGuardRights, runnerLedgerRights } from "./guard-rights.ts";
import { deploymentRights, gatewayRights } from "./pair-rights.ts";

export type RightsTarget = "deployment" | "gateway" | "istio" | "knative" | "kserve";

export interface TargetRights {
  /** Of who runs deploy, rollback and shadow with a guard. */
  runner: Right[];
  /** Of the guard's ServiceAccount: to restore, and to carry a committed promotion to its end. */
  guard: Right[];
  /** Of both, in all namespaces: what others own and we read. */
  cluster: Right[];
}

interface PlatformRights {
  /** What the target does to the user's objects, whoever runs it. */
  platform: readonly Right[];
  /** How the runner finds the objects that a label selector means. */
  selects: Right;
  cluster: readonly Right[];
}

const selects = (group: string, resource: string): Right => ({
  group,
  resource,
  verbs: ["list"],
  why: "finds what a label selector means",
});

const gatewayApi = "gateway.networking.k8s.io";
const istioApi = "networking.istio.io";
const knativeApi = "serving.knative.dev";

/** Gateways belong to those who run the cluster, mostly in a namespace of their own. */
const seeGateways: readonly Right[] = [
  { group: gatewayApi, resource: "gateways", verbs: ["get"], why: "where requests for a route come in" },
  { group: gatewayApi, resource: "gatewayclasses", verbs: ["get"], why: "whether it can mirror requests" },
];

const platformRights: Readonly<Record<RightsTarget, PlatformRights>> = {
  deployment: { platform: deploymentRights, selects: selects("apps", "deployments"), cluster: [] },
  gateway: { platform: gatewayRights, selects: selects(gatewayApi, "httproutes"), cluster: seeGateways },
  istio: {
    platform: istioRights,
    selects: selects(istioApi, "virtualservices"),
    cluster: istioClusterRights,
  },
  knative: {
    platform: knativeRights,
    selects: selects(knativeApi, "services"),
    cluster: knativeClusterRights,
  },
  kserve: {
    platform: kserveRights,
    selects: selects("serving.kserve.io", "inferenceservices"),
    cluster: [...seeGateways, ...knativeClusterRights],
  },
};

/** What only the runner does: it measures and judges. */
const runnerReads: readonly Right[] = [
  {
    group: "",
    resource: "pods",
    subresource: "proxy",
    verbs: ["get"],
    why: "reads the servers' own counters",
  },
  {
    group: "",
    resource: "pods",
    subresource: "proxy",
    verbs: ["create"],
    why: "has the guard ask who answers, where traffic cannot be reached from the runner",
  },
  {
    group: "",
    resource: "pods",
    subresource: "log",
    verbs: ["get"],
    why: "reads the predictions of both sides",
  },
  { group: "", resource: "services", verbs: ["get", "list"], why: "finds the Deployments behind a route" },
  {
    group: "apps",
    resource: "deployments",
    verbs: ["list"],
    why: "whether GitOps keeps those behind a route",
  },
];

/** What one rollout needs of who runs it: each thing once, with all that may be done to it. */
export function runnerRights(target: RightsTarget, { guarded }: { guarded: boolean }): Right[] {
  const { platform } = platformRights[target];
  const guards = guarded ? runnerGuardRights : [];
  return joined([...platform, ...runnerReads, ...runnerLedgerRights, ...guards]);
}

/** What the Roles of `docs/rbac` give. */
export function rightsOf(target: RightsTarget): TargetRights {
  const { platform, selects: selecting, cluster } = platformRights[target];
  return {
    runner: joined([selecting, ...runnerRights(target, { guarded: true })]),
    guard: joined([...platform.flatMap(withoutPreparing), ...guardAccountRights]),
    cluster: [...cluster],
  };
}

/** What only preparing and measuring a candidate needs, which the guard never does: so that whoever gets hold of its
 * account can start nothing. */
function withoutPreparing(right: Right): Right[] {
  const { resource, subresource } = right;
  const measures = resource === "pods" && subresource === "proxy";
  if (measures || resource === "poddisruptionbudgets") return [];
  const makes = ["deployments", "services", "destinationrules", "inferenceservices"].includes(resource);
  return [makes ? { ...right, verbs: right.verbs.filter((verb) => verb !== "create") } : right];
}

function joined(rights: readonly Right[]): Right[] {
  const byThing = new Map<string, Right>();
  for (const right of rights) {
    const { group, resource, subresource, name, verbs, why } = right;
    const thing = JSON.stringify([group, resource, subresource, name]);
    const before = byThing.get(thing);
    const reasons = new Set([...(before?.why.split("; ") ?? []), why]);
    const all = new Set([...(before?.verbs ?? []), ...verbs]);
    byThing.set(thing, { ...right, verbs: [...all], why: [...reasons].join("; ") });
  }
  return [...byThing.values()];
}
