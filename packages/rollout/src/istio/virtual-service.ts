/** A VirtualService as far as it is ours: weights and mirror of one of its http routes. Everything else in it is kept to
 * the letter, because `spec.http` is one atomic list: whoever changes a weight writes it whole. Pure. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import { names } from "../kubernetes/platform.ts";
import { conflict, invalid } from "../kubernetes/refusals.ts";
import { candidateName } from "../kubernetes/workload-labels.ts";

const destinationSchema = z.looseObject({
  host: z.string(),
  subset: z.string().optional(),
  port: z.looseObject({ number: z.number().optional() }).optional(),
});
const routedSchema = z.looseObject({ destination: destinationSchema, weight: z.number().optional() });
const textMatch = z.looseObject({ exact: z.string().optional(), prefix: z.string().optional() });
const httpSchema = z.looseObject({
  name: z.string().optional(),
  match: z
    .array(
      z.looseObject({
        uri: textMatch.optional(),
        method: textMatch.optional(),
        headers: z.record(z.string(), textMatch).default({}),
      }),
    )
    .default([]),
  route: z.array(routedSchema).default([]),
  mirror: destinationSchema.optional(),
  mirrors: z.array(z.unknown()).default([]),
  mirrorPercentage: z.looseObject({ value: z.number().default(0) }).optional(),
});
const virtualServiceSchema = z.looseObject({
  spec: z.looseObject({
    hosts: z.array(z.string()).default([]),
    gateways: z.array(z.string()).default([]),
    http: z.array(httpSchema).default([]),
  }),
});

export type HttpRoute = z.infer<typeof httpSchema>;
export type Destination = z.infer<typeof destinationSchema>;
/** As the API has it: nothing of it is lost by defaults of ours. */
type Raw = Record<string, unknown>;

/** On the user's VirtualService: which of several http routes is ours, by name or by number from 0. */
export const httpAnnotation = "ml-actions.github.io/http-route";

export interface VirtualService {
  object: KubeObject;
  namespace: string;
  hosts: string[];
  /** `mesh` alone where it names none. */
  gateways: string[];
  http: Raw[];
  /** Of the http route that is ours. */
  index: number;
  route: HttpRoute;
  /** Destination of stable, the user's. */
  stable: Destination;
}

/** @throws RolloutError `invalid` when no http route, or more than one, could be ours, or it has no one stable */
export function virtualServiceOf(object: KubeObject): VirtualService {
  const result = virtualServiceSchema.safeParse(object);
  const { name, namespace = "default", annotations } = object.metadata;
  if (!result.success) {
    throw invalid(
      `VirtualService ${name} is not as this version knows them:\n${z.prettifyError(result.error)}`,
      "Check the object (kubectl get -o yaml) and the version of Istio.",
    );
  }
  const { hosts, gateways, http } = result.data.spec;
  const index = httpIndex(name, http, annotations?.[httpAnnotation]);
  const route = http[index] as HttpRoute;
  return {
    ...{ object, namespace, hosts, index, route },
    gateways: gateways.length === 0 ? ["mesh"] : gateways,
    http: structuredClone((object.spec as { http: Raw[] }).http),
    stable: stableOf(name, namespace, route),
  };
}

function httpIndex(name: string, http: readonly HttpRoute[], asked: string | undefined): number {
  if (asked === undefined && http.length === 1) return 0;
  const byName = http.findIndex((each) => each.name !== undefined && each.name === asked);
  const index = byName === -1 && /^\d{1,4}$/.test(asked ?? "") ? Number(asked) : byName;
  if (http[index] !== undefined) return index;
  const listed = http.map((each, at) => {
    const hosts = each.route.map(({ destination }) => destination.host).join(" and ");
    return `${at}${each.name === undefined ? "" : ` (${each.name})`}: ${hosts || "no destination"}`;
  });
  throw invalid(
    asked === undefined
      ? `VirtualService ${name} has ${http.length} http routes, and nothing says which of them leads to the release: ${listed.join("; ") || "none"}.`
      : `VirtualService ${name} has no http route ${JSON.stringify(asked.slice(0, 100))}, which its annotation ${httpAnnotation} names: ${listed.join("; ")}.`,
    `Name the http route, or its number, in the VirtualService's annotation ${httpAnnotation}, or give the release a VirtualService of its own.`,
  );
}

function stableOf(name: string, namespace: string, { route }: HttpRoute): Destination {
  // The candidate's Service is known by its name: stable's with an ending, wherever stable is in the list.
  const services = route.map(({ destination }) => serviceOf(destination.host, namespace));
  const others = route.filter(
    (_, at) => !services.some((other) => other !== null && candidateName(other) === services[at]),
  );
  const [only] = others;
  if (only === undefined || others.length > 1) {
    const listed = others.map(({ destination }) => shownDestination(destination)).join(", ");
    throw invalid(
      `The http route of VirtualService ${name} has ${only === undefined ? "no destination" : `several destinations (${listed})`}; a rollout shares traffic out between one stable destination and the candidate's.`,
      "Leave one destination in the http route.",
    );
  }
  if (serviceOf(only.destination.host, namespace) !== null) return only.destination;
  throw invalid(
    `The destination ${only.destination.host} of VirtualService ${name} is no Service in namespace ${namespace}.`,
    "Put VirtualService, Service and Deployment into one namespace.",
  );
}

const shownDestination = ({ host, subset }: Destination) =>
  subset === undefined ? host : `${host} ${subset}`;

/** Name of the Service in that namespace that a host means: `flights`, `flights.ml`, `flights.ml.svc.cluster.local`.
 * null: it is another's. */
export function serviceOf(host: string, namespace: string): string | null {
  const [service = "", inside, svc] = host.split(".");
  if (service === "" || service.includes("*")) return null;
  return inside === undefined || (inside === namespace && (svc === undefined || svc === "svc"))
    ? service
    : null;
}

/** The candidate's host, written as the user writes stable's. */
export const candidateHost = (host: string): string => {
  const [service = "", ...rest] = host.split(".");
  return [candidateName(service), ...rest].join(".");
};

export interface Shares {
  candidatePercent: number;
  mirrorPercent: number;
}

export function sharesOf({ route, stable }: VirtualService): Shares {
  const host = candidateHost(stable.host);
  const weightOf = (wanted: string) =>
    route.route.find(({ destination }) => destination.host === wanted)?.weight ?? 0;
  const total = weightOf(stable.host) + weightOf(host);
  const share = total > 0 ? (100 * weightOf(host)) / total : 0;
  return {
    candidatePercent: Math.round(share * 100) / 100,
    // Without a percentage Istio copies all.
    mirrorPercent: route.mirror?.host === host ? (route.mirrorPercentage?.value ?? 100) : 0,
  };
}

/** `spec.http` with those shares in our route. Weights are percents, or hundredths of them where the share has decimals.
 * Without the candidate the route is as it was before it came.
 * @throws RolloutError `conflict` when the route has a mirror of the user's and another is asked for */
export function httpWith(virtual: VirtualService, { candidatePercent, mirrorPercent }: Shares): Raw[] {
  const { stable, route, index, object } = virtual;
  const host = candidateHost(stable.host);
  const own = route.mirror?.host === host;
  if (mirrorPercent > 0 && ((route.mirror !== undefined && !own) || route.mirrors.length > 0)) {
    throw conflict(
      `The http route of VirtualService ${object.metadata.name} copies its requests already, to ${route.mirror?.host ?? "its mirrors"}.`,
      "Take that mirror out while a candidate is judged by copies of requests.",
    );
  }
  return virtual.http.map((raw, at) => {
    if (at !== index) return raw;
    const { mirror, mirrorPercentage, ...rest } = raw;
    const kept = own
      ? {}
      : {
          ...(mirror !== undefined && { mirror }),
          ...(mirrorPercentage !== undefined && { mirrorPercentage }),
        };
    const ours = { mirror: destinationTo(stable, host), mirrorPercentage: { value: mirrorPercent } };
    return {
      ...rest,
      ...(mirrorPercent > 0 ? ours : kept),
      route: destinationsWith(virtual, raw.route as Raw[], host, candidatePercent),
    };
  });
}

function destinationsWith(
  { object, stable }: VirtualService,
  present: Raw[],
  host: string,
  percent: number,
): Raw[] {
  const raw = present.find(({ destination }) => (destination as Raw).host === stable.host) as Raw;
  if (percent === 0) {
    const before = object.metadata.annotations?.[names.weightBefore];
    if (before === undefined) return [raw];
    const { weight: _, ...rest } = raw;
    return [before === "none" ? rest : { ...rest, weight: Number(before) || 100 }];
  }
  const scale = Number.isInteger(percent) ? 1 : 100;
  const weight = Math.round(percent * scale);
  return [
    { ...raw, weight: 100 * scale - weight },
    { ...raw, destination: destinationTo(stable, host), weight },
  ];
}

/** The candidate has a Service of its own and no subsets. */
function destinationTo({ port }: Destination, host: string): Raw {
  return { host, ...(port !== undefined && { port }) };
}

/** Of the annotation `names.weightBefore`. */
export function weightKept({ object, route, stable }: VirtualService): string {
  const present = route.route.find(({ destination }) => destination.host === stable.host)?.weight;
  return object.metadata.annotations?.[names.weightBefore] ?? String(present ?? "none");
}
