/** Who else keeps the objects that a rollout changes: the resource itself, and the Deployments behind a route. */
import { gitopsOf } from "@ml-actions/cluster/gitops";
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import type { Wanted } from "@ml-actions/rollout/gitops-commit";
import { names } from "@ml-actions/rollout/kubernetes/platform";
import { inParallel } from "@ml-actions/rollout/waves";
import { type ClusterTarget, named } from "./resource.ts";

/** Objects looked at at once. */
const atOnce = 8;

export interface Keeper {
  /** `httproute/flights`. */
  object: string;
  tool: string;
  app?: string;
  /** The label, annotation or manager that says so. */
  by: string;
}

export interface Keeping {
  keepers: Keeper[];
  /** What runs the release: the object itself, or the Deployments behind a route, the candidate's left out. */
  workloads: Wanted[];
}

/** Of each of the objects, which are of one namespace, in their order. */
export function keepingOf(
  api: Api,
  target: ClusterTarget,
  objects: readonly KubeObject[],
): Promise<Keeping[]> {
  const namespace = objects[0]?.metadata.namespace ?? api.connection.namespace;
  let listed: Promise<KubeObject[]> | undefined;
  // Read once for all: of hundreds of routes each would else read every Deployment of the namespace.
  const deployments = () => {
    listed ??= api.list({ apiVersion: "apps/v1", kind: "Deployment", namespace });
    return listed;
  };
  return inParallel(objects, atOnce, (object) => keepingOfOne(api, target, object, deployments));
}

async function keepingOfOne(
  api: Api,
  target: ClusterTarget,
  object: KubeObject,
  deployments: () => Promise<KubeObject[]>,
): Promise<Keeping> {
  const isRoute = target === "gateway" || target === "istio";
  const behind = isRoute ? await deploymentsBehind(api, object, deployments) : [];
  const touched = [
    { name: named(target, object.metadata.name).text, object },
    ...behind.map((one) => ({ name: named("deployment", one.metadata.name).text, object: one })),
  ];
  const keepers = touched.flatMap(({ name, object: one }) => {
    const kept = gitopsOf(one);
    return kept === null ? [] : [{ object: name, ...kept }];
  });
  const workloads = (isRoute ? behind : [object]).map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    name: metadata.name,
    namespace: metadata.namespace ?? api.connection.namespace,
  }));
  return { keepers, workloads };
}

/** Of the Services that a route names: an object of others is read with nothing taken for granted. */
async function deploymentsBehind(
  api: Api,
  route: KubeObject,
  deployments: () => Promise<KubeObject[]>,
): Promise<KubeObject[]> {
  const namespace = route.metadata.namespace ?? api.connection.namespace;
  const wanted = [...new Set(servicesNamed(route.spec))].slice(0, 10);
  const services = await Promise.all(
    wanted.map((name) => api.get({ apiVersion: "v1", kind: "Service", namespace, name })),
  );
  const selectors = services.flatMap((service) => {
    const { selector } = (service?.spec ?? {}) as { selector?: Record<string, string> };
    return selector === undefined ? [] : [Object.entries(selector)];
  });
  if (selectors.length === 0) return [];
  return (await deployments()).filter(({ spec, metadata }) => {
    if (metadata.labels?.[names.side] === "candidate") return false;
    const { template } = spec as { template?: { metadata?: { labels?: Record<string, string> } } };
    const labels = template?.metadata?.labels ?? {};
    return selectors.some((selector) => selector.every(([key, value]) => labels[key] === value));
  });
}

/** `backendRefs[].name` of an HTTPRoute, `destination.host` of a VirtualService, whose first part is the Service. */
function servicesNamed(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(servicesNamed);
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) => {
    if (key === "backendRefs" && Array.isArray(value)) return value.flatMap(nameOf("name"));
    return key === "destination" ? nameOf("host")(value) : servicesNamed(value);
  });
}

const nameOf =
  (key: string) =>
  (of: unknown): string[] => {
    const name = (of as Record<string, unknown> | null)?.[key];
    const [first = ""] = typeof name === "string" ? name.split(".") : [];
    return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(first) ? [first] : [];
  };
