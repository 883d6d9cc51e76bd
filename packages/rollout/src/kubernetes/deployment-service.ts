/**
 * The one Service before a Deployment, as what routes. Below 100 % it selects what it always did, and the candidate's
 * pods get its labels one by one: so many of them answer as the share needs, and they leave without ending. At 100 % it
 * selects the candidate's pods alone, whichever they are: one that is replaced then answers too.
 */
import type { Age, Api, KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import { isOfMirror, proxySelector } from "./mirror-proxy-manifest.ts";
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

/** On a Service that selects the candidate, or the mirroring proxy: what it selected before, as JSON. */
export const selectorBefore = "ml-actions.github.io/selector-before";
/** On a Service that selects the mirroring proxy: the share that it copies, in percent. */
export const mirrorPercent = "ml-actions.github.io/mirror-percent";

export interface RoutingService {
  object: KubeObject;
  name: string;
  /** What it selects while it is not switched. */
  selector: Record<string, string>;
  /** All traffic is the candidate's. */
  switched: boolean;
  /** It is marked as one that selects the mirroring proxy. `inPath`: it does. */
  mirror: { percent: number; inPath: boolean } | null;
  clusterIP: string;
  port: number;
  sessionAffinity: string;
}

/** @param age only where nothing is written by what is found */
export async function servicesIn(api: Api, namespace: string, age: Age = {}): Promise<KubeObject[]> {
  return api.list({ apiVersion: "v1", kind: "Service", namespace }, age);
}

/** The one Service that selects the workload's pods.
 * @throws RolloutError `invalid` when there is none, or several */
export function findService(services: readonly KubeObject[], workload: Workload): RoutingService {
  const { labels } = workload.spec.template.metadata;
  const found = services
    .filter((object) => !isOfMirror(object))
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
  const { [selectorBefore]: before, [mirrorPercent]: mirrored } = object.metadata.annotations ?? {};
  const [port] = spec.ports;
  const inPath = spec.selector[names.side] === "mirror";
  const moved = before !== undefined && (mirrored === undefined || inPath);
  return {
    object,
    name: object.metadata.name,
    // One that others have taken back from the proxy selects what they said.
    selector: moved ? parsedSelector(before, object) : spec.selector,
    switched: before !== undefined && mirrored === undefined,
    mirror: mirrored === undefined ? null : { percent: Number(mirrored) || 0, inPath },
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
      `Service ${metadata.name} does not select stable, and its annotation ${selectorBefore} does not say what it selected before: ${JSON.stringify(text.slice(0, 100))}.`,
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
  const annotations = { [selectorBefore]: toCandidate ? JSON.stringify(service.selector) : null };
  await fence();
  await writeSelector(api, service.object, {
    from,
    to,
    annotations: { [names.fence]: mark, ...annotations },
  });
}

/** Sends all requests by the mirroring proxy, or, with null, to stable's pods again. Fails with `conflict` when somebody
 * else has changed the Service since it was read. */
export async function switchMirror(
  api: Api,
  service: RoutingService,
  percent: number | null,
  resource: string,
  { fence, mark }: Writing,
): Promise<void> {
  const { mirror, selector } = service;
  if (percent === null ? mirror === null : mirror?.inPath === true && mirror.percent === percent) return;
  const proxy = proxySelector(resource);
  const [from, to] = percent === null ? [proxy, selector] : [selector, proxy];
  await fence();
  await writeSelector(api, service.object, {
    from,
    to,
    annotations: {
      [names.fence]: mark,
      [selectorBefore]: percent === null ? null : JSON.stringify(selector),
      [mirrorPercent]: percent === null ? null : String(percent),
    },
  });
}

async function writeSelector(
  api: Api,
  { metadata: { name, namespace, resourceVersion } }: KubeObject,
  change: {
    from: Record<string, string>;
    to: Record<string, string>;
    annotations: Record<string, string | null>;
  },
): Promise<void> {
  const gone = Object.fromEntries(Object.keys(change.from).map((key) => [key, null]));
  await api.merge(
    { apiVersion: "v1", kind: "Service", name, ...(namespace !== undefined && { namespace }) },
    {
      metadata: {
        ...(resourceVersion !== undefined && { resourceVersion }),
        annotations: change.annotations,
      },
      spec: { selector: { ...gone, ...change.to } },
    },
  );
}
