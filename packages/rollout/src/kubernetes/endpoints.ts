/** Which pods a Service sends requests to, as its EndpointSlices say: what kube-proxy and every router follow. */
import type { Api } from "@ml-actions/cluster/types";
import { z } from "zod";
import { RolloutError } from "../error.ts";

const sliceSchema = z.looseObject({
  endpoints: z
    .array(
      z.looseObject({
        conditions: z.looseObject({ ready: z.boolean().nullish() }).default({}),
        targetRef: z.looseObject({ name: z.string().default("") }).optional(),
      }),
    )
    .nullish(),
});

const lookEveryMs = 150;

/** Names of the ready pods behind a Service. */
export async function endpointsOf(api: Api, namespace: string, service: string): Promise<Set<string>> {
  const slices = await api.list(
    { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace },
    { labelSelector: `kubernetes.io/service-name=${service}` },
  );
  const names = slices.flatMap((slice) =>
    (sliceSchema.parse(slice).endpoints ?? [])
      .filter(({ conditions }) => conditions.ready !== false)
      .map(({ targetRef }) => targetRef?.name ?? ""),
  );
  return new Set(names.filter((name) => name !== ""));
}

/** Resolves when the Service's ready pods are as `asTold` says, which is asked at every look, since pods come and go
 * meanwhile. Rejects with `not-routed` when they are not in time. */
export async function untilEndpoints(
  api: Api,
  of: { namespace: string; service: string },
  asTold: (names: ReadonlySet<string>) => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await endpointsOf(api, of.namespace, of.service);
    if (await asTold(seen)) return;
    if (performance.now() > deadline) {
      throw new RolloutError(
        "not-routed",
        `Service ${of.service} in namespace ${of.namespace} sends requests to other pods than it should after ${timeoutMs / 1000} s: ${[...seen].join(", ") || "none"}.`,
        "See whether the cluster's endpoint slice controller works and who else changes that Service or its pods' labels.",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
