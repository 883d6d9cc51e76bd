/** An HTTPRoute as far as it is ours: the backends and the mirror of one rule. Everything else in it is kept to the
 * letter, because its lists are atomic: whoever changes a weight writes them whole. Pure. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import { names } from "./platform.ts";
import { invalid } from "./refusals.ts";
import { candidateName } from "./workload-labels.ts";

const backendSchema = z.looseObject({
  group: z.string().default(""),
  kind: z.string().default("Service"),
  name: z.string(),
  namespace: z.string().optional(),
  port: z.number().optional(),
  weight: z.number().optional(),
});
const filterSchema = z.looseObject({
  type: z.string(),
  requestMirror: z
    .looseObject({
      backendRef: backendSchema,
      percent: z.number().optional(),
      fraction: z.unknown().optional(),
    })
    .optional(),
});
const matchSchema = z.looseObject({
  path: z.looseObject({ type: z.string().default("PathPrefix"), value: z.string().default("/") }).optional(),
  headers: z
    .array(z.looseObject({ name: z.string(), value: z.string(), type: z.string().default("Exact") }))
    .default([]),
  method: z.string().optional(),
});
const ruleSchema = z.looseObject({
  name: z.string().optional(),
  matches: z.array(matchSchema).default([]),
  filters: z.array(filterSchema).default([]),
  backendRefs: z.array(backendSchema).default([]),
  sessionPersistence: z.unknown().optional(),
});
const parentRefSchema = z.looseObject({
  namespace: z.string().optional(),
  name: z.string(),
  sectionName: z.string().optional(),
  port: z.number().optional(),
});
const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  observedGeneration: z.number().default(0),
  message: z.string().default(""),
});
const routeSchema = z.looseObject({
  spec: z.looseObject({
    parentRefs: z.array(parentRefSchema).default([]),
    hostnames: z.array(z.string()).default([]),
    rules: z.array(ruleSchema).default([]),
  }),
  status: z
    .looseObject({
      parents: z
        .array(z.looseObject({ parentRef: parentRefSchema, conditions: z.array(condition).default([]) }))
        .default([]),
    })
    .prefault({}),
});

export type Rule = z.infer<typeof ruleSchema>;
export type ParentRef = z.infer<typeof parentRefSchema>;
/** As the API has it: nothing of it is lost by defaults of ours. */
type Raw = Record<string, unknown>;

/** On the user's HTTPRoute: which of several rules is ours, by name or by number from 0. */
export const ruleAnnotation = "ml-actions.github.io/rule";

export interface Route {
  object: KubeObject;
  rules: Raw[];
  /** Of the rule that is ours. */
  index: number;
  rule: Rule;
  parentRefs: ParentRef[];
  hostnames: string[];
  parents: z.infer<typeof routeSchema>["status"]["parents"];
}

/** @throws RolloutError `invalid` when no rule, or more than one, could be ours */
export function routeOf(object: KubeObject): Route {
  const { spec, status } = routeSchema.parse(object);
  const { name, annotations } = object.metadata;
  const index = ruleIndex(name, spec.rules, annotations?.[ruleAnnotation]);
  const rules = structuredClone((object.spec as { rules: Raw[] }).rules);
  const { parentRefs, hostnames } = spec;
  return {
    object,
    rules,
    index,
    rule: spec.rules[index] as Rule,
    parentRefs,
    hostnames,
    parents: status.parents,
  };
}

function ruleIndex(name: string, rules: readonly Rule[], asked: string | undefined): number {
  if (asked === undefined && rules.length === 1) return 0;
  const byName = rules.findIndex((rule) => rule.name !== undefined && rule.name === asked);
  const index = byName === -1 && /^\d+$/.test(asked ?? "") ? Number(asked) : byName;
  if (rules[index] !== undefined) return index;
  const listed = rules.map(
    (rule, at) => `${at}${rule.name === undefined ? "" : ` (${rule.name})`}: ${backends(rule)}`,
  );
  throw invalid(
    asked === undefined
      ? `HTTPRoute ${name} has ${rules.length} rules, and nothing says which of them leads to the release: ${listed.join("; ") || "none"}.`
      : `HTTPRoute ${name} has no rule ${JSON.stringify(asked)}, which its annotation ${ruleAnnotation} names: ${listed.join("; ")}.`,
    `Name the rule, or its number, in the HTTPRoute's annotation ${ruleAnnotation}, or give the release an HTTPRoute of its own.`,
  );
}

const backends = (rule: Rule) => rule.backendRefs.map(({ name }) => name).join(" and ") || "no backend";

/** Stable's backend where there is no candidate: the one Service that the rule has.
 * @throws RolloutError `invalid` */
export function stableBackend({ rule, object }: Route): Rule["backendRefs"][number] {
  const others = rule.backendRefs;
  const [only] = others;
  const { name, namespace } = object.metadata;
  if (only === undefined || others.length > 1) {
    throw invalid(
      `The rule of HTTPRoute ${name} has ${others.length === 0 ? "no backend" : `several backends (${others.map((each) => each.name).join(", ")})`}; a rollout shares traffic out between one stable Service and the candidate's.`,
      "Leave one Service in the rule's backendRefs.",
    );
  }
  if (only.kind === "Service" && only.group === "" && (only.namespace ?? namespace) === namespace)
    return only;
  throw invalid(
    `The backend ${only.name} of HTTPRoute ${name} is a ${only.kind} in namespace ${only.namespace ?? namespace}; a rollout needs a Service in the route's own namespace.`,
    "Put route, Service and Deployment into one namespace.",
  );
}

/** Stable's Service where the rule has the candidate's too, which is known by its name: stable's with an ending. */
export function stableOf({ rule }: Route): string | null {
  const all = rule.backendRefs.map(({ name }) => name);
  return all.find((name) => all.includes(candidateName(name))) ?? null;
}

export interface Shares {
  /** Names of Services. */
  stable: string;
  candidate: string;
  candidatePercent: number;
  mirrorPercent: number;
  /** Backends of others, which have a share. */
  strangers: readonly string[];
}

export function sharesOf({ rule }: Route, stable: string, candidate: string): Shares {
  const weightOf = (name: string) => {
    const found = rule.backendRefs.find((each) => each.name === name);
    return found === undefined ? 0 : (found.weight ?? 1);
  };
  const strangers = rule.backendRefs.filter(({ name }) => name !== stable && name !== candidate);
  const total = rule.backendRefs.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const share = total > 0 ? (100 * weightOf(candidate)) / total : 0;
  const mirror = rule.filters.find(({ requestMirror }) => requestMirror?.backendRef.name === candidate);
  const { percent, fraction } = mirror?.requestMirror ?? {};
  const part = fraction as { numerator?: number; denominator?: number } | undefined;
  const ofFraction = part === undefined ? 100 : (100 * (part.numerator ?? 0)) / (part.denominator ?? 100);
  return {
    stable,
    candidate,
    strangers: strangers.map(({ name }) => name),
    candidatePercent: Math.round(share * 100) / 100,
    mirrorPercent: mirror === undefined ? 0 : (percent ?? ofFraction),
  };
}

/** The route's rules with those shares in ours. Weights are percents, or hundredths of them where the share has
 * decimals. Without the candidate the rule is as it was before it came. Backends that others have put in go: nobody judged
 * them, and stable at 100 % is without them. */
export function rulesWith(route: Route, shares: Shares): Raw[] {
  const { candidate, candidatePercent, mirrorPercent } = shares;
  return route.rules.map((raw, at) => {
    if (at !== route.index) return raw;
    const refs = (raw.backendRefs ?? []) as Raw[];
    // Somebody may have taken stable out; what it needs is what the others have.
    const stable = refs.find(({ name }) => name === shares.stable) ?? { ...refs[0], name: shares.stable };
    const filters = ((raw.filters ?? []) as Raw[]).filter((filter) => !isMirrorTo(filter, candidate));
    const mirror = mirrorPercent > 0 ? [mirrorTo(stable, candidate, mirrorPercent)] : [];
    const { filters: _, ...rest } = raw;
    const all = [...filters, ...mirror];
    return {
      ...rest,
      ...(all.length === 0 ? {} : { filters: all }),
      backendRefs: backendsWith(route, stable, shares, candidatePercent),
    };
  });
}

function backendsWith(route: Route, stable: Raw, shares: Shares, percent: number): Raw[] {
  if (percent === 0) {
    const before = route.object.metadata.annotations?.[names.weightBefore];
    if (before === undefined) return [stable];
    const { weight: _, ...rest } = stable;
    return [before === "none" ? rest : { ...rest, weight: Number(before) || 1 }];
  }
  const scale = Number.isInteger(percent) ? 1 : 100;
  const weight = Math.round(percent * scale);
  return [
    { ...stable, weight: 100 * scale - weight },
    { ...stable, name: shares.candidate, weight },
  ];
}

function isMirrorTo(filter: Raw, candidate: string): boolean {
  const mirror = filter.requestMirror as { backendRef?: { name?: string } } | undefined;
  return mirror?.backendRef?.name === candidate;
}

function mirrorTo(stable: Raw, candidate: string, percent: number): Raw {
  const { name: _, weight: __, filters: ___, ...backendRef } = stable;
  const part =
    percent === 100 ? {} : Number.isInteger(percent) ? { percent } : { fraction: fractionOf(percent) };
  return {
    type: "RequestMirror",
    requestMirror: { backendRef: { ...backendRef, name: candidate }, ...part },
  };
}

const fractionOf = (percent: number) => ({ numerator: Math.round(percent * 100), denominator: 10_000 });
