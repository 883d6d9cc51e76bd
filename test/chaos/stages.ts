/** The targets that cases run on: what a user has there before, where the users ask, and what is left there for good. */
import type { KubeObject } from "@ml-actions/cluster/types";
import type { Release } from "@ml-actions/rollout/target";
import type { KubernetesTargetName } from "@ml-actions/rollout/targets/index";
import { route } from "../cluster/contract/fixtures.ts";
import { type Place, type WorkloadOptions, workload } from "../cluster/contract/place.ts";
import { istioUrl, virtualService } from "../cluster/istio-fixture.ts";
import { knativeDomain, knativeService } from "../cluster/knative-fixture.ts";
import { hostOf, inferenceService, untilReady } from "../cluster/kserve-fixture.ts";
import { lab } from "../lab/lab.ts";

export type ChaosTarget = KubernetesTargetName;

export interface Entrance {
  url: string;
  host: string;
}

interface Stage {
  /** Brings the user's objects up and gives the address of their service. */
  raise(place: Place, stable: Release, slots: string | null): Promise<Entrance>;
  /** In which a rollout might leave something, beside those that every target has. */
  kinds: readonly string[];
  /** The user's own and what the cluster's controllers make of it, as kubectl lists them. */
  own: readonly RegExp[];
}

const pair = [/^(deployment\.apps|service)\/flights$/, /^pod\/flights-[0-9a-z]+-[0-9a-z]+$/];

export const stages: Record<ChaosTarget, Stage> = {
  deployment: {
    async raise({ namespace }, stable, slots) {
      // Beside three of stable, one candidate is a quarter.
      await namespace.apply(await scraped({ replicas: 3, ...ofStable(stable, slots) }));
      await namespace.rolledOut("flights");
      const { spec } = (await namespace.get("service", "flights")) as KubeObject;
      const { clusterIP } = spec as { clusterIP: string };
      return { url: `http://${clusterIP}`, host: clusterIP };
    },
    kinds: [],
    own: pair,
  },
  gateway: {
    async raise({ namespace }, stable, slots) {
      const host = `${namespace.name}.test`;
      await namespace.apply([
        ...(await scraped({ replicas: 1, ...ofStable(stable, slots) })),
        await route(host),
      ]);
      await namespace.rolledOut("flights");
      return { url: (await lab()).gateway.url, host };
    },
    kinds: ["httproutes"],
    own: [...pair, /^httproute\.gateway\.networking\.k8s\.io\/flights$/],
  },
  istio: {
    async raise({ namespace }, stable, slots) {
      const host = `${namespace.name}.test`;
      await namespace.apply([
        ...(await scraped({ replicas: 1, ...ofStable(stable, slots) })),
        virtualService(host),
      ]);
      await namespace.rolledOut("flights");
      return { url: await istioUrl(), host };
    },
    kinds: ["virtualservices.networking.istio.io", "destinationrules.networking.istio.io"],
    own: [...pair, /^virtualservice\.networking\.istio\.io\/flights$/],
  },
  knative: {
    async raise({ namespace }, { image, digest }) {
      const env = [{ name: "ML_RELEASE", value: digest }];
      await namespace.apply([await knativeService({ image: image as string, env })]);
      await namespace.kubectl(["wait", "ksvc/flights", "--for=condition=Ready", "--timeout=120s"]);
      return { url: (await lab()).gateway.url, host: `flights.${namespace.name}.${knativeDomain}` };
    },
    kinds: ["services.serving.knative.dev", "revisions.serving.knative.dev"],
    own: [/\/flights(-\d{5}(-private|-deployment(-[0-9a-z]+-[0-9a-z]+)?)?)?$/],
  },
  kserve: {
    async raise({ namespace }, { image, digest }) {
      await namespace.apply([inferenceService("flights", { reference: image as string, digest })]);
      await untilReady(namespace, "flights");
      return { url: (await lab()).gateway.url, host: hostOf("flights", namespace.name) };
    },
    kinds: ["httproutes", "inferenceservices"],
    own: [/\/flights(-predictor)?(-[0-9a-z]+-[0-9a-z]+)?$/],
  },
};

/** It names itself, as the servers that we build do.
 * @param slots a resource of which each pod takes one */
function ofStable({ image, digest }: Release, slots: string | null): WorkloadOptions {
  const slot = slots === null ? {} : { [slots]: "1" };
  const resources = {
    requests: { cpu: "5m", memory: "32Mi", ...slot },
    limits: { memory: "256Mi", ...slot },
  };
  return {
    image: image as string,
    container: { env: [{ name: "ML_RELEASE", value: digest }], resources },
  };
}

/** With what a Prometheus knows by that it shall read the pods. */
async function scraped(options: WorkloadOptions): Promise<KubeObject[]> {
  const objects = await workload(options);
  for (const { kind, spec } of objects) {
    if (kind !== "Deployment") continue;
    const { metadata } = (spec as { template: { metadata: { annotations?: Record<string, string> } } })
      .template;
    metadata.annotations = { "prometheus.io/scrape": "true", "prometheus.io/port": "8080" };
  }
  return objects;
}
