/** What a rollout behind a VirtualService may do in its namespace: with Deployments and Services as behind a route of the
 * Gateway API. */
import type { Right } from "@ml-actions/cluster/types";
import { gatewayRights } from "../kubernetes/pair-rights.ts";

const istio = "networking.istio.io";

export const istioRights: readonly Right[] = [
  ...gatewayRights.filter(({ group }) => group !== "gateway.networking.k8s.io"),
  {
    group: istio,
    resource: "virtualservices",
    verbs: ["get", "patch"],
    why: "shares traffic out between stable and the candidate, and mirrors it",
  },
  {
    group: istio,
    resource: "destinationrules",
    verbs: ["get", "list", "create", "patch", "delete"],
    why: "gives the candidate's host the traffic policy of stable's",
  },
];

/** Gateways belong to those who run the cluster, mostly in a namespace of their own. */
export const istioClusterRights: readonly Right[] = [
  { group: istio, resource: "gateways", verbs: ["get"], why: "where requests for a VirtualService come in" },
  { group: "", resource: "services", verbs: ["list"], why: "the address before Istio's gateway" },
];
