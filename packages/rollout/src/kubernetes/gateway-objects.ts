/** What target `gateway` looks at and writes, as objects. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import { type Attached, featuresOf } from "./gateway-parent.ts";
import { names } from "./platform.ts";
import type { PlatformContext } from "./platforms.ts";
import { invalid } from "./refusals.ts";
import { type Route, rulesWith, type Shares } from "./route.ts";
import { candidateSelector } from "./workload-labels.ts";

/** What the Gateway's class says it cannot do would be accepted, and not done. */
export async function assertMirrors(
  { api, onTrouble }: PlatformContext,
  route: Attached,
  percent: number,
): Promise<void> {
  const features = await featuresOf(api, route);
  if (features === null) {
    onTrouble("the Gateway's class does not say whether it can mirror requests; it may copy none");
    return;
  }
  const needed = ["HTTPRouteRequestMirror", ...(percent < 100 ? ["HTTPRouteRequestPercentageMirror"] : [])];
  const lacking = needed.filter((feature) => !features.has(feature));
  if (lacking.length === 0) return;
  throw new RolloutError(
    "unsupported",
    `A Gateway of HTTPRoute ${route.object.metadata.name} does not support ${lacking.join(" and ")}: it would copy ${percent < 100 && features.has("HTTPRouteRequestMirror") ? "all requests, or none" : "none"}.`,
    percent < 100 && features.has("HTTPRouteRequestMirror")
      ? "Mirror 100 %, or use a Gateway whose class supports the feature."
      : "Use a Gateway whose class supports the feature, or `mode: replay` of the action shadow.",
  );
}

/** What in the rule would not be carried, or would be something else with two backends. */
export function problemsOf({ rule }: Route, stable: string): string[] {
  const filters = rule.backendRefs.find(({ name }) => name === stable)?.filters;
  const own = Array.isArray(filters) ? filters.map((each) => String((each as { type?: unknown }).type)) : [];
  return [
    ...(rule.sessionPersistence === undefined
      ? []
      : ["the route's rule has sessionPersistence: shares would be of sessions, not of requests"]),
    // Envoy Gateway ends requests that are under way when a backend with filters leaves its rule.
    ...(own.length === 0
      ? []
      : [
          `the route's backend ${stable} has filters of its own (${own.join(", ")}): put them into the rule's filters, which hold for both releases`,
        ]),
  ];
}

export const isSame = (left: Shares, right: Shares) =>
  left.candidatePercent === right.candidatePercent &&
  left.mirrorPercent === right.mirrorPercent &&
  left.strangers.length === right.strangers.length;

export function patchOf(route: Route, shares: Shares, mark: string): unknown {
  const { metadata } = route.object;
  const stable = route.rule.backendRefs.find(({ name }) => name === shares.stable);
  const kept = metadata.annotations?.[names.weightBefore] ?? String(stable?.weight ?? "none");
  const annotations = {
    [names.fence]: mark,
    [names.weightBefore]: shares.candidatePercent > 0 ? kept : null,
  };
  return {
    metadata: { resourceVersion: metadata.resourceVersion, annotations },
    spec: { rules: rulesWith(route, shares) },
  };
}

/** The candidate's own Service: the ports of stable's, and the candidate's pods. */
export function candidateService(stable: KubeObject, name: string, resource: string): KubeObject {
  const { namespace } = stable.metadata;
  const { ports = [] } = stable.spec as { ports?: Record<string, unknown>[] };
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: candidateSelector(resource),
      annotations: { [names.resource]: resource },
    },
    spec: {
      selector: candidateSelector(resource),
      ports: ports.map(({ nodePort: _, ...port }) => port),
    },
  };
}

export function noService(name: string, namespace: string): RolloutError {
  return invalid(
    `There is no Service ${name} in namespace ${namespace}, which the HTTPRoute leads to.`,
    "Create it, or correct the route's backendRefs.",
  );
}
