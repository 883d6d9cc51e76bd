/** The kinds that we speak of, by their exact names. The API's paths need plurals, which no rule gives; a kind that is
 * not here is an error and never a guess. */
import { ClusterError } from "./error.ts";
import type { ObjectRef } from "./types.ts";

export interface KindFacts {
  plural: string;
  /** false: belongs to no namespace. */
  namespaced: boolean;
  /** What defines it where Kubernetes itself does not. */
  from?: string;
}

const of = (plural: string, from?: string): KindFacts =>
  from === undefined ? { plural, namespaced: true } : { plural, namespaced: true, from };
const clusterWide = (plural: string, from?: string): KindFacts => ({
  ...of(plural, from),
  namespaced: false,
});

const gatewayApi = "the Gateway API (https://gateway-api.sigs.k8s.io)";
const istio = "Istio (https://istio.io)";
const knative = "Knative Serving (https://knative.dev)";
const kserve = "KServe (https://kserve.github.io)";

/** `<group>/<kind>`, the core group without a name. */
export const kindTable: Readonly<Record<string, KindFacts>> = {
  "/Namespace": clusterWide("namespaces"),
  "/Node": clusterWide("nodes"),
  "/Pod": of("pods"),
  "/Service": of("services"),
  "/ConfigMap": of("configmaps"),
  "/Secret": of("secrets"),
  "/ServiceAccount": of("serviceaccounts"),
  "/Event": of("events"),
  "/Endpoints": of("endpoints"),
  "/PersistentVolumeClaim": of("persistentvolumeclaims"),
  "/ResourceQuota": of("resourcequotas"),
  "/LimitRange": of("limitranges"),
  "apps/Deployment": of("deployments"),
  "apps/ReplicaSet": of("replicasets"),
  "apps/StatefulSet": of("statefulsets"),
  "apps/DaemonSet": of("daemonsets"),
  "batch/Job": of("jobs"),
  "batch/CronJob": of("cronjobs"),
  "coordination.k8s.io/Lease": of("leases"),
  "discovery.k8s.io/EndpointSlice": of("endpointslices"),
  "autoscaling/HorizontalPodAutoscaler": of("horizontalpodautoscalers"),
  "keda.sh/ScaledObject": of("scaledobjects", "KEDA (https://keda.sh)"),
  "policy/PodDisruptionBudget": of("poddisruptionbudgets"),
  "networking.k8s.io/NetworkPolicy": of("networkpolicies"),
  "networking.k8s.io/Ingress": of("ingresses"),
  "rbac.authorization.k8s.io/Role": of("roles"),
  "rbac.authorization.k8s.io/RoleBinding": of("rolebindings"),
  "rbac.authorization.k8s.io/ClusterRole": clusterWide("clusterroles"),
  "rbac.authorization.k8s.io/ClusterRoleBinding": clusterWide("clusterrolebindings"),
  "authorization.k8s.io/SelfSubjectAccessReview": clusterWide("selfsubjectaccessreviews"),
  "apiextensions.k8s.io/CustomResourceDefinition": clusterWide("customresourcedefinitions"),
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration": clusterWide(
    "validatingwebhookconfigurations",
  ),
  "admissionregistration.k8s.io/MutatingWebhookConfiguration": clusterWide("mutatingwebhookconfigurations"),
  "gateway.networking.k8s.io/GatewayClass": clusterWide("gatewayclasses", gatewayApi),
  "gateway.networking.k8s.io/Gateway": of("gateways", gatewayApi),
  "gateway.networking.k8s.io/HTTPRoute": of("httproutes", gatewayApi),
  "gateway.networking.k8s.io/ReferenceGrant": of("referencegrants", gatewayApi),
  "networking.istio.io/VirtualService": of("virtualservices", istio),
  "networking.istio.io/DestinationRule": of("destinationrules", istio),
  "networking.istio.io/Gateway": of("gateways", istio),
  "serving.knative.dev/Service": of("services", knative),
  "serving.knative.dev/Route": of("routes", knative),
  "serving.knative.dev/Configuration": of("configurations", knative),
  "serving.knative.dev/Revision": of("revisions", knative),
  "networking.internal.knative.dev/Ingress": of("ingresses", knative),
  "networking.internal.knative.dev/ServerlessService": of("serverlessservices", knative),
  "autoscaling.internal.knative.dev/PodAutoscaler": of("podautoscalers", knative),
  "serving.kserve.io/InferenceService": of("inferenceservices", kserve),
  "serving.kserve.io/ServingRuntime": of("servingruntimes", kserve),
  "serving.kserve.io/ClusterServingRuntime": clusterWide("clusterservingruntimes", kserve),
};

/** `apps/v1` → `apps`; `v1` → the core group, which has no name. */
export function groupOf(apiVersion: string): string {
  const [group = "", version] = apiVersion.split("/");
  return version === undefined ? "" : group;
}

/** Throws `ClusterError` code `invalid` for a kind that the table does not have. */
export function factsOf({ apiVersion, kind }: Pick<ObjectRef, "apiVersion" | "kind">): KindFacts {
  const key = `${groupOf(apiVersion)}/${kind}`;
  const facts = Object.hasOwn(kindTable, key) ? kindTable[key] : undefined;
  if (facts !== undefined) return facts;
  throw new ClusterError(
    "invalid",
    `the kind ${JSON.stringify(kind)} of ${JSON.stringify(apiVersion)} is not one that ml-actions works with`,
    {
      remedy: "Name one that it works with: deployment, httproute, virtualservice, ksvc or inferenceservice.",
    },
  );
}

/** What of a Role's `group` and `resource` is meant; null for one that is not in the table. */
export function factsOfResource(group: string, resource: string): KindFacts | null {
  const entries = Object.entries(kindTable).filter(([key]) => key.slice(0, key.indexOf("/")) === group);
  return entries.find(([, { plural }]) => plural === resource)?.[1] ?? null;
}

/** The path of an object, or of all objects of a kind in a namespace. `namespace`: where `ref` names none. */
export function pathOf(
  ref: Omit<ObjectRef, "name"> & { name?: string },
  namespace: string,
  subresource?: string,
): string {
  const { plural, namespaced } = factsOf(ref);
  const root = ref.apiVersion.includes("/") ? `/apis/${ref.apiVersion}` : `/api/${ref.apiVersion}`;
  const place = namespaced ? `/namespaces/${segment(ref.namespace ?? namespace, "namespace")}` : "";
  const object = ref.name === undefined ? "" : `/${segment(ref.name, "name")}`;
  return `${root}${place}/${plural}${object}${subresource === undefined ? "" : `/${subresource}`}`;
}

/** One segment of a path. What would lead out of it is refused: names come from inputs and from objects of others. */
export function segment(text: string, what: string): string {
  if (/^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/i.test(text) && text.length <= 253) return text;
  throw new ClusterError(
    "invalid",
    `${JSON.stringify(text.slice(0, 80))} is no ${what} that an object can have`,
    {
      remedy: "Names consist of lower-case letters, digits, - and .; at most 253 characters.",
    },
  );
}

/** For people: `Deployment flights in namespace ml`. */
export function shownRef(ref: Omit<ObjectRef, "name"> & { name?: string }): string {
  const { namespaced } = factsOf(ref);
  const place = namespaced && ref.namespace !== undefined ? ` in namespace ${ref.namespace}` : "";
  return ref.name === undefined ? `${ref.kind}s${place}` : `${ref.kind} ${ref.name}${place}`;
}
