/** What Istio does on the way to stable it must do on the way to the candidate: the traffic policy of stable's
 * DestinationRule, for the candidate's host. Pure. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import { names } from "../kubernetes/platform.ts";
import { invalid } from "../kubernetes/refusals.ts";
import { candidateName, candidateSelector } from "../kubernetes/workload-labels.ts";
import { candidateHost, type Destination, serviceOf } from "./virtual-service.ts";

const ruleSchema = z.looseObject({
  spec: z.looseObject({
    host: z.string(),
    trafficPolicy: z.record(z.string(), z.unknown()).default({}),
    subsets: z
      .array(
        z.looseObject({
          name: z.string(),
          labels: z.record(z.string(), z.string()).default({}),
          trafficPolicy: z.record(z.string(), z.unknown()).default({}),
        }),
      )
      .default([]),
  }),
});

export interface Policy {
  /** Labels by which the destination's subset tells stable's pods from others of the Service. */
  labels: Record<string, string>;
  /** Of the rule, with the subset's over it; empty: nothing beyond Istio's defaults. */
  trafficPolicy: Record<string, unknown>;
}

/** @throws RolloutError `invalid` when the destination names a subset that no DestinationRule has */
export function policyFor(rules: readonly KubeObject[], stable: Destination, namespace: string): Policy {
  const service = serviceOf(stable.host, namespace);
  const own = rules
    .flatMap((object) => ruleSchema.safeParse(object).data ?? [])
    .filter(({ spec }) => serviceOf(spec.host, namespace) === service);
  const general = Object.assign({}, ...own.map(({ spec }) => spec.trafficPolicy)) as Record<string, unknown>;
  if (stable.subset === undefined) return { labels: {}, trafficPolicy: general };
  const subset = own.flatMap(({ spec }) => spec.subsets).find(({ name }) => name === stable.subset);
  if (subset !== undefined)
    return { labels: subset.labels, trafficPolicy: { ...general, ...subset.trafficPolicy } };
  throw invalid(
    `The subset ${stable.subset} of ${stable.host} is in no DestinationRule of namespace ${namespace}.`,
    "Create it, or correct the VirtualService's destination.",
  );
}

/** null: there is nothing that it would say. */
export function candidateRule(
  stable: Destination,
  { trafficPolicy }: Policy,
  { namespace, resource }: { namespace: string; resource: string },
): KubeObject | null {
  if (Object.keys(trafficPolicy).length === 0) return null;
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: {
      ...{ name: candidateName(serviceOf(stable.host, namespace) ?? stable.host), namespace },
      labels: candidateSelector(resource),
      annotations: { [names.resource]: resource },
    },
    spec: { host: candidateHost(stable.host), trafficPolicy },
  };
}
