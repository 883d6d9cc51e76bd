/** An empty target on a cluster for every case of the contract. */
import type { KubeObject } from "@ml-actions/cluster/types";
import type { ContractCase, TargetFixture } from "@ml-actions/rollout/targets/contract/bench";
import type { KubernetesTargetName } from "@ml-actions/rollout/targets/names";
import { labImages } from "../../lab/images.ts";
import { lab } from "../../lab/lab.ts";
import { istioUrl, virtualService } from "../istio-fixture.ts";
import { knativeDomain, knativeService } from "../knative-fixture.ts";
import { hostOf, inferenceService } from "../kserve-fixture.ts";
import { lowerPercents, lowerVirtualWeights, lowerWeights, takeLabelsAway } from "./others.ts";
import { createPlace, fixtureOf, replicasFor, workload } from "./place.ts";

export type FixtureFor = (contractCase: ContractCase) => Promise<TargetFixture>;

export const fixtures: Partial<Record<KubernetesTargetName, FixtureFor>> = {
  deployment: async (contractCase) => {
    const place = await createPlace("deployment", contractCase.guarded === true);
    const replicas = String(replicasFor(contractCase));
    await place.namespace.apply(
      await workload({ annotations: { "ml-actions.github.io/replicas": replicas } }),
    );
    return fixtureOf(place, {
      lowerShare: () => takeLabelsAway(place.namespace),
      entrance: async () => {
        const service = await place.namespace.get("service", "flights");
        const { clusterIP } = (service as KubeObject).spec as { clusterIP: string };
        return { url: `http://${clusterIP}`, keepAlive: false, ids: true };
      },
      mirrors: true,
    });
  },
  gateway: async (contractCase) => {
    const place = await createPlace("gateway", contractCase.guarded === true);
    const { url } = (await lab()).gateway;
    const host = `${place.namespace.name}.test`;
    await place.namespace.apply([...(await workload()), await route(host)]);
    return fixtureOf(place, {
      lowerShare: () => lowerWeights(place.namespace),
      entrance: async () => ({ url, host, keepAlive: true }),
      mirrors: true,
    });
  },
  istio: async (contractCase) => {
    const place = await createPlace("istio", contractCase.guarded === true);
    const host = `${place.namespace.name}.test`;
    await place.namespace.apply([...(await workload()), virtualService(host)]);
    const url = await istioUrl();
    return fixtureOf(place, {
      lowerShare: () => lowerVirtualWeights(place.namespace),
      entrance: async () => ({ url, host, keepAlive: true }),
      mirrors: true,
    });
  },
  knative: async (contractCase) => {
    const place = await createPlace("knative", contractCase.guarded === true);
    const { url } = (await lab()).gateway;
    await place.namespace.apply([await knativeService()]);
    const host = `flights.${place.namespace.name}.${knativeDomain}`;
    return fixtureOf(place, {
      lowerShare: () => lowerPercents(place.namespace),
      entrance: async () => ({ url, host, keepAlive: true }),
      mirrors: false,
    });
  },
  kserve: async (contractCase) => {
    const place = await createPlace("kserve", contractCase.guarded === true);
    const { url } = (await lab()).gateway;
    const placeholder = await (await labImages()).standIn({ name: "placeholder" });
    const annotations = { "serving.kserve.io/stop": "true" };
    await place.namespace.apply([inferenceService("flights", placeholder, { annotations })]);
    const host = hostOf("flights", place.namespace.name);
    return fixtureOf(place, {
      lowerShare: () => lowerWeights(place.namespace),
      entrance: async () => ({ url, host, keepAlive: true }),
      mirrors: true,
    });
  },
};

/** HTTPRoute `flights` of that host, with whatever else its spec shall have. */
export async function route(host: string, rules?: unknown[]): Promise<KubeObject> {
  const { namespace, name } = (await lab()).gateway;
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "flights" },
    spec: {
      parentRefs: [{ namespace, name }],
      hostnames: [host],
      rules: rules ?? [{ backendRefs: [{ name: "flights", port: 80 }] }],
    },
  };
}
