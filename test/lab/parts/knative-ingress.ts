/**
 * A small ingress for Knative, run as a pod of the lab: what Knative's own for the Gateway API does, whose module cannot
 * be had from the proxy. It turns each KIngress into an HTTPRoute on the lab's Gateway, with Knative's percents as
 * weights, and calls it ready when the Gateway's controller has taken that: requests then go through a real Envoy. It
 * needs nothing but Node.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

interface Split {
  serviceName: string;
  servicePort: number;
  percent: number;
  appendHeaders?: Record<string, string>;
}
interface Path {
  path?: string;
  headers?: Record<string, { exact: string }>;
  appendHeaders?: Record<string, string>;
  splits: Split[];
}
interface KIngress {
  metadata: { name: string; namespace: string; uid: string; generation: number };
  spec: { rules?: { hosts: string[]; http: { paths: Path[] } }[] };
  status?: unknown;
}
interface HttpRoute {
  metadata: { name: string; namespace: string; generation: number; annotations?: Record<string, string> };
  status?: { parents?: { conditions: { type: string; status: string; observedGeneration: number }[] }[] };
}

const everyMs = 200;
const ingressClass = "networking.knative.dev/ingress.class";
const knative = "/apis/networking.internal.knative.dev/v1alpha1";
const gatewayApi = "/apis/gateway.networking.k8s.io/v1";
/** On a route: the spec that it was written with. */
const writtenWith = "lab/written-with";
const label = "lab/knative-ingress";

const account = "/var/run/secrets/kubernetes.io/serviceaccount";
const server = `https://${process.env.KUBERNETES_SERVICE_HOST}:${process.env.KUBERNETES_SERVICE_PORT}`;

async function api<T>(method: string, path: string, body?: unknown, type = "application/json"): Promise<T> {
  const token = await readFile(`${account}/token`, "utf8");
  const answer = await fetch(server + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": type },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok)
    throw new Error(`${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 500)}`);
  return (await answer.json()) as T;
}

const given = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
};
const [gatewayNamespace, gatewayName] = [given("GATEWAY_NAMESPACE"), given("GATEWAY_NAME")];
const [ownClass, domain] = [given("INGRESS_CLASS"), given("GATEWAY_DOMAIN")];

function specOf({ spec, metadata }: KIngress): unknown {
  const rules = spec.rules ?? [];
  // A name without its namespace would be everybody's.
  const hosts = rules.flatMap((rule) => rule.hosts).filter((host) => host.includes(`.${metadata.namespace}`));
  return {
    parentRefs: [{ namespace: gatewayNamespace, name: gatewayName }],
    hostnames: [...new Set(hosts)],
    rules: (rules[0]?.http.paths ?? []).map(ruleOf),
  };
}

/** A Revision alone is reached through the Service that Knative points at its pods, or at the activator while there is none
 * or the autoscaler has not counted yet; a header tells the activator which Revision is meant. On each of several backends
 * such a header would give it a cluster of its own, and Envoy resets what is on its way through a cluster that goes: so
 * several are reached at their pods, through the Service that never leads to the activator. */
function ruleOf({ path = "/", headers = {}, appendHeaders = {}, splits }: Path): unknown {
  const matched = Object.entries(headers).map(([name, { exact }]) => ({ type: "Exact", name, value: exact }));
  const [only, ...others] = splits;
  const told = Object.entries({ ...appendHeaders, ...(others.length === 0 ? only?.appendHeaders : {}) });
  const set = told.map(([name, value]) => ({ name, value }));
  const modifier = { type: "RequestHeaderModifier", requestHeaderModifier: { set } };
  return {
    matches: [{ path: { type: "PathPrefix", value: path }, ...(matched.length > 0 && { headers: matched }) }],
    ...(set.length > 0 && { filters: [modifier] }),
    backendRefs: splits.map(({ serviceName, servicePort, percent }) => ({
      ...{ name: others.length === 0 ? serviceName : `${serviceName}-private` },
      ...{ port: servicePort, weight: percent },
    })),
  };
}

/** The Service's own hosts and those of each tag, as routes of their own: they differ in where they lead to. */
function wanted(ingress: KIngress): Map<string, unknown> {
  const byName = new Map<string, NonNullable<KIngress["spec"]["rules"]>>();
  for (const rule of ingress.spec.rules ?? []) {
    const name = `knative-${rule.hosts[0]?.split(".")[0]}`;
    byName.set(name, [...(byName.get(name) ?? []), rule]);
  }
  return new Map([...byName].map(([name, rules]) => [name, specOf({ ...ingress, spec: { rules } })]));
}

async function reconcile(ingress: KIngress, present: Map<string, HttpRoute>): Promise<void> {
  const { name, namespace, uid, generation } = ingress.metadata;
  let ready = true;
  for (const [route, spec] of wanted(ingress)) {
    const text = JSON.stringify(spec);
    const path = `${gatewayApi}/namespaces/${namespace}/httproutes/${route}`;
    const found = present.get(`${namespace}/${route}`);
    present.delete(`${namespace}/${route}`);
    if (found?.metadata.annotations?.[writtenWith] === text) {
      ready &&= isTaken(found);
      continue;
    }
    ready = false;
    const owner = { apiVersion: "networking.internal.knative.dev/v1alpha1", kind: "Ingress", name, uid };
    const metadata = {
      ...{ name: route, namespace, labels: { [label]: name }, annotations: { [writtenWith]: text } },
      ownerReferences: [owner],
    };
    const object = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata, spec };
    await api("PATCH", `${path}?fieldManager=lab&force=true`, object, "application/apply-patch+yaml");
  }
  await report(ingress, generation, ready);
}

function isTaken({ metadata, status }: HttpRoute): boolean {
  const conditions = status?.parents?.[0]?.conditions ?? [];
  return ["Accepted", "ResolvedRefs"].every((type) =>
    conditions.some(
      (each) =>
        each.type === type && each.status === "True" && each.observedGeneration >= metadata.generation,
    ),
  );
}

async function report(ingress: KIngress, observedGeneration: number, ready: boolean): Promise<void> {
  const { name, namespace } = ingress.metadata;
  const said = ready
    ? { status: "True" }
    : { status: "Unknown", reason: "Uninitialized", message: "not taken yet" };
  const lastTransitionTime = new Date().toISOString();
  const addresses = { ingress: [{ domainInternal: domain }] };
  const status = {
    observedGeneration,
    conditions: ["LoadBalancerReady", "NetworkConfigured", "Ready"].map((type) => ({
      type,
      ...said,
      lastTransitionTime,
    })),
    publicLoadBalancer: addresses,
    privateLoadBalancer: addresses,
  };
  if (isWritten(ingress.status, status)) return;
  const path = `${knative}/namespaces/${namespace}/ingresses/${name}/status`;
  await api("PATCH", path, { status }, "application/merge-patch+json");
}

function isWritten(
  present: unknown,
  { observedGeneration, conditions }: { observedGeneration: number; conditions: { status: string }[] },
): boolean {
  const is = present as
    | { observedGeneration?: number; conditions?: { type: string; status: string }[] }
    | undefined;
  const ready = is?.conditions?.find(({ type }) => type === "Ready")?.status;
  return is?.observedGeneration === observedGeneration && ready === conditions[0]?.status;
}

async function look(): Promise<void> {
  const [{ items: ingresses }, { items: routes }] = await Promise.all([
    api<{ items: (KIngress & { metadata: { annotations?: Record<string, string> } })[] }>(
      "GET",
      `${knative}/ingresses`,
    ),
    api<{ items: HttpRoute[] }>("GET", `${gatewayApi}/httproutes?labelSelector=${encodeURIComponent(label)}`),
  ]);
  const present = new Map(
    routes.map((route) => [`${route.metadata.namespace}/${route.metadata.name}`, route]),
  );
  for (const ingress of ingresses) {
    if (ingress.metadata.annotations?.[ingressClass] !== ownClass) continue;
    await reconcile(ingress, present).catch((error: Error) => console.error(error.message));
  }
  // A tag that went leaves its route; those of an ingress that went go with it.
  for (const [name] of present) {
    const [namespace, route] = name.split("/");
    await api("DELETE", `${gatewayApi}/namespaces/${namespace}/httproutes/${route}`).catch(() => undefined);
  }
}

process.once("SIGTERM", () => process.exit(0));
for (;;) {
  await look().catch((error: Error) => console.error(error.message));
  await sleep(everyMs);
}
