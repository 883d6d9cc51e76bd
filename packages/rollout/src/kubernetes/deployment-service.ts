/**
 * The one Service before a Deployment, as what routes. Below 100 % it selects what it always did, and the candidate's
 * pods get its labels one by one: so many of them answer as the share needs, and they leave without ending. At 100 % it
 * selects the candidate's pods alone, whichever they are: one that is replaced then answers too.
 */
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import type { Fence } from "./platform.ts";
import { names } from "./platform.ts";
import { conflict, invalid } from "./refusals.ts";
import { shown, type Workload } from "./workload.ts";
import { candidateSelector, selects } from "./workload-labels.ts";

const serviceSchema = z.looseObject({
  spec: z.looseObject({
    type: z.string().default("ClusterIP"),
    clusterIP: z.string().default("None"),
    sessionAffinity: z.string().default("None"),
    selector: z.record(z.string(), z.string()).default({}),
    ports: z
      .array(
        z.looseObject({
          name: z.string().optional(),
          port: z.number(),
          targetPort: z.union([z.string(), z.number()]).optional(),
        }),
      )
      .default([]),
  }),
});

/** On a Service that selects the candidate: what it selected before, as JSON. */
export const selectorBefore = "ml-actions.github.io/selector-before";

export interface RoutingService {
  object: KubeObject;
  name: string;
  /** What it selects while it is not switched. */
  selector: Record<string, string>;
  /** All traffic is the candidate's. */
  switched: boolean;
  clusterIP: string;
  port: number;
  sessionAffinity: string;
}

export async function servicesIn(api: Api, namespace: string): Promise<KubeObject[]> {
  return api.list({ apiVersion: "v1", kind: "Service", namespace });
}

/** The one Service that selects the workload's pods.
 * @throws RolloutError `invalid` when there is none, or several */
export function findService(services: readonly KubeObject[], workload: Workload): RoutingService {
  const { labels } = workload.spec.template.metadata;
  const found = services
    .map((object) => routingService(object))
    .filter(({ selector }) => selects(selector, labels));
  const [service] = found;
  if (service !== undefined && found.length === 1) return service;
  const listed = found.map(({ name }) => name).join(", ");
  throw invalid(
    service === undefined
      ? `No Service selects the pods of ${shown(workload.ref)}, so nothing can share traffic out between releases.`
      : `Several Services select the pods of ${shown(workload.ref)}: ${listed}. A share of one would not be the share of the others.`,
    service === undefined
      ? "Create a Service that selects its pods, and deploy again."
      : "Leave one of them, or use the target gateway.",
  );
}

export function routingService(object: KubeObject): RoutingService {
  const { spec } = serviceSchema.parse(object);
  const before = object.metadata.annotations?.[selectorBefore];
  const [port] = spec.ports;
  return {
    object,
    name: object.metadata.name,
    selector: before === undefined ? spec.selector : parsedSelector(before, object),
    switched: before !== undefined,
    clusterIP: spec.clusterIP,
    port: port?.port ?? 0,
    sessionAffinity: spec.sessionAffinity,
  };
}

function parsedSelector(text: string, { metadata }: KubeObject): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text));
  } catch {
    throw conflict(
      `Service ${metadata.name} selects the candidate, and its annotation ${selectorBefore} does not say what it selected before: ${JSON.stringify(text.slice(0, 100))}.`,
      "Set its selector to stable's labels by hand and remove that annotation.",
    );
  }
}

export function problemsOfService({ name, sessionAffinity, clusterIP, port }: RoutingService): string[] {
  return [
    ...(sessionAffinity === "None"
      ? []
      : [
          `Service ${name} has sessionAffinity ${sessionAffinity}: shares would be of clients, not of requests`,
        ]),
    ...(clusterIP === "None" || clusterIP === ""
      ? [`Service ${name} is headless: nothing shares requests out between its pods`]
      : []),
    ...(port === 0 ? [`Service ${name} has no port`] : []),
  ];
}

/** What a change of routing is written with: who changed it, and when. */
export interface Writing {
  fence: Fence;
  /** Of the fence annotation. */
  mark: string;
}

/** Gives all traffic to the candidate's pods, or returns to the shares of pods. Fails with `conflict` when somebody else
 * has changed the Service since it was read. */
export async function switchService(
  api: Api,
  service: RoutingService,
  toCandidate: boolean,
  resource: string,
  { fence, mark }: Writing,
): Promise<void> {
  if (service.switched === toCandidate) return;
  const candidate = candidateSelector(resource);
  const [from, to] = toCandidate ? [service.selector, candidate] : [candidate, service.selector];
  const gone = Object.fromEntries(Object.keys(from).map((key) => [key, null]));
  const { name, namespace, resourceVersion } = service.object.metadata;
  await fence();
  await api.merge(
    { apiVersion: "v1", kind: "Service", name, ...(namespace !== undefined && { namespace }) },
    {
      metadata: {
        ...(resourceVersion !== undefined && { resourceVersion }),
        annotations: {
          [names.fence]: mark,
          [selectorBefore]: toCandidate ? JSON.stringify(service.selector) : null,
        },
      },
      spec: { selector: { ...gone, ...to } },
    },
  );
}
