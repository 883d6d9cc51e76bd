/** HTTPRoutes as they share requests out between the Services of two predictors. Pure. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";

/** By which an answer names the release that gave it. */
const releaseHeader = "x-ml-release";

export const routeKind = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" } as const;

const filterSchema = z.looseObject({
  type: z.string(),
  requestMirror: z
    .looseObject({ backendRef: z.looseObject({ name: z.string() }), percent: z.number().optional() })
    .optional(),
});
const backendSchema = z.looseObject({
  name: z.string(),
  kind: z.string().default("Service"),
  namespace: z.string().optional(),
  port: z.number().optional(),
  weight: z.number().default(1),
});
const matchSchema = z.looseObject({
  method: z.string().optional(),
  path: z.looseObject({ type: z.string().default("PathPrefix"), value: z.string().default("/") }).optional(),
  headers: z.array(z.looseObject({ name: z.string(), value: z.string() })).optional(),
});
const ruleSchema = z.looseObject({
  matches: z.array(matchSchema).default([]),
  filters: z.array(filterSchema).default([]),
  backendRefs: z.array(backendSchema).default([]),
});
const parentSchema = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  sectionName: z.string().optional(),
  port: z.number().optional(),
});
const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(""),
  message: z.string().default(""),
  observedGeneration: z.number().default(0),
});
const routeSchema = z.looseObject({
  spec: z.looseObject({
    hostnames: z.array(z.string()).default([]),
    parentRefs: z.array(parentSchema).default([]),
    rules: z.array(ruleSchema).default([]),
  }),
  status: z
    .looseObject({
      parents: z
        .array(z.looseObject({ parentRef: parentSchema, conditions: z.array(condition).default([]) }))
        .default([]),
    })
    .prefault({}),
});

export type Rule = z.infer<typeof ruleSchema>;
export type Parent = z.infer<typeof parentSchema>;
type Parsed = z.infer<typeof routeSchema>;

export interface Route {
  object: KubeObject;
  spec: Parsed["spec"];
  status: Parsed["status"];
}

/** null: it is not as this version knows routes, and none of those that we look for. */
export function routeOf(object: KubeObject): Route | null {
  const parsed = routeSchema.safeParse(object);
  return parsed.success ? { object, spec: parsed.data.spec, status: parsed.data.status } : null;
}

/** The Services of both predictors. */
export interface Services {
  stable: string;
  candidate: string;
}

export interface Shares {
  candidatePercent: number;
  mirrorPercent: number;
  /** What a gateway names an answer by where the servers do not name themselves; null: they do. */
  named: { stable: string; candidate: string } | null;
}

export function leadsTo(rule: Rule, service: string): boolean {
  return rule.backendRefs.some(
    ({ name, kind, weight }) => kind === "Service" && name === service && weight > 0,
  );
}

/** The rule with these shares; unchanged where it leads to neither side. `shares` null: to stable alone, as before us. */
export function shared(rule: Rule, services: Services, shares: Shares | null): Rule {
  const ours = (name: string) => name === services.stable || name === services.candidate;
  const present = rule.backendRefs.find(({ name, kind }) => kind === "Service" && ours(name));
  if (present === undefined) return rule;
  const others = rule.backendRefs.filter(({ name }) => !ours(name));
  const filters = rule.filters.filter(
    ({ requestMirror }) => requestMirror?.backendRef.name !== services.candidate,
  );
  const { filters: _, ...plain } = present;
  const backend = (name: string, weight: number, release: string | undefined) => ({
    ...plain,
    ...{ name, weight },
    ...(release !== undefined && {
      filters: [
        {
          type: "ResponseHeaderModifier",
          responseHeaderModifier: { set: [{ name: releaseHeader, value: release }] },
        },
      ],
    }),
  });
  if (shares === null)
    return { ...rule, filters, backendRefs: [...others, backend(services.stable, 1, undefined)] };
  const { candidatePercent, mirrorPercent, named } = shares;
  // Weights are whole numbers.
  const scale = Number.isInteger(candidatePercent) ? 1 : 1000;
  const weight = Math.round(scale * candidatePercent);
  const { namespace, port } = present;
  const backendRef = {
    ...{ kind: "Service", name: services.candidate },
    ...(namespace !== undefined && { namespace }),
    ...(port !== undefined && { port }),
  };
  const mirror = { type: "RequestMirror", requestMirror: { backendRef, percent: mirrorPercent } };
  return {
    ...rule,
    filters: mirrorPercent > 0 ? [...filters, mirror] : filters,
    backendRefs: [
      ...others,
      backend(services.stable, scale * 100 - weight, named?.stable),
      backend(services.candidate, weight, named?.candidate),
    ],
  };
}

/** What the rules give the candidate: the most of any. */
export function sharesIn(rules: readonly Rule[], { candidate }: Services) {
  const percents = rules.map(({ backendRefs, filters }) => {
    const total = backendRefs.reduce((sum, { weight }) => sum + weight, 0);
    const weight = backendRefs.find(({ name }) => name === candidate)?.weight ?? 0;
    const mirror = filters.find(({ requestMirror }) => requestMirror?.backendRef.name === candidate);
    return {
      candidatePercent: total === 0 ? 0 : (100 * weight) / total,
      mirrorPercent: mirror === undefined ? 0 : (mirror.requestMirror?.percent ?? 100),
    };
  });
  return {
    candidatePercent: Math.max(0, ...percents.map((each) => each.candidatePercent)),
    mirrorPercent: Math.max(0, ...percents.map((each) => each.mirrorPercent)),
  };
}
