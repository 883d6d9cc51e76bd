/** The candidate's Deployment: a copy of stable's pod template with the candidate's image, under another name. */
import type { Api, KubeObject } from "@ml-actions/cluster/types";
import type { Release } from "../target.ts";
import { names } from "./platform.ts";
import { type Container, deploymentRef, type Workload } from "./workload.ts";
import { candidateName, candidateSelector } from "./workload-labels.ts";
import { imageOf, ownEnv, ownLifecycle, releaseAnnotation } from "./workload-release.ts";

export interface CandidateRequest {
  stable: Workload;
  container: Container;
  release: Release;
  /** Of its pods: see `candidateLabels`. */
  labels: Record<string, string>;
  replicas: number;
  /** `deployment/flights`. */
  resource: string;
  /** Of the Deployment, beside the release. */
  annotations?: Record<string, string>;
  /** Of its pods, in place of stable's of the same name. */
  podAnnotations?: Record<string, string>;
}

export const candidateRef = ({ namespace, name }: Workload["ref"]): Workload["ref"] =>
  deploymentRef(namespace, candidateName(name));

/** Pure: what `applyCandidate` applies. */
export function candidateObject(request: CandidateRequest): KubeObject {
  const { stable, container, release, labels, replicas, resource } = request;
  const { namespace, name } = candidateRef(stable.ref);
  const template = structuredClone(stable.spec.template);
  template.spec.containers = template.spec.containers.map((each) =>
    each.name === container.name ? serving(each, release) : each,
  );
  const grace = template.spec.terminationGracePeriodSeconds ?? 30;
  template.spec.terminationGracePeriodSeconds = Math.max(grace, leastGraceS);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name,
      namespace,
      labels: candidateSelector(resource),
      annotations: { ...request.annotations, ...releaseAnnotation(release), [names.resource]: resource },
    },
    spec: {
      replicas,
      revisionHistoryLimit: 0,
      // The candidate before this one has no traffic: its pods need not wait for these.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "100%", maxSurge: "100%" } },
      selector: { matchLabels: candidateSelector(resource) },
      template: {
        metadata: {
          labels,
          annotations: { ...template.metadata.annotations, ...request.podAnnotations },
        },
        spec: template.spec,
      },
    },
  };
}

/** The pause before SIGTERM and the server's own end both fit in. */
const leastGraceS = 35;

function serving(container: Container, release: Release): Container {
  const env = ownEnv(release, container);
  const own = new Set(env.map(({ name }) => name));
  return {
    ...container,
    image: imageOf(release),
    env: [...container.env.filter(({ name }) => !own.has(name)), ...env],
    ...ownLifecycle(container, leastGraceS),
  };
}

export function applyCandidate(api: Api, request: CandidateRequest): Promise<KubeObject> {
  return api.apply(candidateObject(request), { force: true });
}

/** Its pods end by themselves, after the pause that they have for it. */
export async function removeCandidate(api: Api, stable: Workload["ref"], resource: string): Promise<void> {
  const ref = candidateRef(stable);
  const present = await api.get(ref);
  if (present === null || present.metadata.annotations?.[names.resource] !== resource) return;
  const { uid } = present.metadata;
  await api.remove(ref, { ...(uid !== undefined && { uid }), propagation: "Background" });
}
