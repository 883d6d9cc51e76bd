/** The template of a Knative Service: which change of it makes the candidate's Revision, and which one takes that back.
 * As merge patches, in which containers are one list: the one that was read, with ours of its fields changed. Pure. */
import { names } from "../kubernetes/platform.ts";
import { invalid } from "../kubernetes/refusals.ts";
import {
  annotatedRelease,
  digestIn,
  foreignRelease,
  imageOf,
  ownEnv,
  releaseAnnotation,
} from "../kubernetes/workload-release.ts";
import type { Release } from "../target.ts";
import type { Memo } from "./memo.ts";
import type { KnativeContainer, KnativeService, Revision, RevisionTemplate } from "./service.ts";

/** Where the container that serves stands: the one that `option` names, the only one, or the one with a port, which
 * Knative allows only one to have.
 * @throws RolloutError `invalid` naming those that there are */
export function servingIndex(
  containers: readonly KnativeContainer[],
  service: string,
  option?: string,
): number {
  const found =
    option === undefined
      ? containers.findIndex(({ ports }) => containers.length === 1 || (ports ?? []).length > 0)
      : containers.findIndex(({ name }) => name === option);
  if (found >= 0) return found;
  const there = containers.map(({ name = "(without a name)" }) => name).join(", ");
  throw invalid(
    option === undefined
      ? `Nothing says which container of Knative Service ${service} serves: there is ${there}.`
      : `Knative Service ${service} has no container ${JSON.stringify(option)}: there is ${there}.`,
    "Name one of them in the input `container`, or give its port.",
  );
}

/** What the template must say before a candidate is made of it, a line each. Without requests a candidate takes stable's
 * share of the node; without a limit, its memory. */
export function problemsOfTemplate({ resources, name = "user-container" }: KnativeContainer): string[] {
  const { requests = {}, limits = {} } = (resources ?? {}) as Record<string, Record<string, unknown>>;
  const lacking = [
    ...(["cpu", "memory"] as const).filter((of) => requests[of] === undefined).map((of) => `requests.${of}`),
    ...(limits.memory === undefined ? ["limits.memory"] : []),
  ];
  return lacking.length === 0 ? [] : [`container ${name} has no ${lacking.join(", ")} in its resources`];
}

/** What of the template a candidate replaces. */
export function replacedOf(template: RevisionTemplate, index: number): Memo["template"] {
  const container = template.spec.containers[index];
  return {
    name: template.metadata?.name ?? null,
    image: container?.image ?? "",
    release: template.metadata?.annotations?.[names.release] ?? null,
    env: container?.env ?? null,
  };
}

/** The patch of `spec.template` that makes the candidate's Revision. A name of the user's would be taken already. */
export function candidateTemplate(template: RevisionTemplate, index: number, release: Release): unknown {
  return {
    metadata: { name: null, annotations: releaseAnnotation(release) },
    spec: { containers: withContainer(template, index, (container) => serving(container, release)) },
  };
}

/** The patch of `spec.template` with which the next Revision is stable's again. */
export function formerTemplate(template: RevisionTemplate, index: number, former: Memo["template"]): unknown {
  return {
    metadata: { name: former.name, annotations: { [names.release]: former.release } },
    spec: {
      containers: withContainer(template, index, ({ env: _, ...container }) => ({
        ...container,
        image: former.image,
        ...(former.env !== null && { env: former.env as KnativeContainer["env"] }),
      })),
    },
  };
}

function withContainer(
  { spec }: RevisionTemplate,
  index: number,
  change: (container: KnativeContainer) => KnativeContainer,
): KnativeContainer[] {
  return spec.containers.map((container, i) => (i === index ? change(container) : container));
}

function serving(container: KnativeContainer, release: Release): KnativeContainer {
  const present = container.env ?? [];
  const { image } = container;
  const own = ownEnv(release, {
    name: "",
    image,
    env: present,
    ports: [],
    resources: { requests: {}, limits: {} },
  });
  const named = new Set(own.map(({ name }) => name));
  return {
    ...container,
    image: imageOf(release),
    env: [...present.filter(({ name }) => !named.has(name)), ...own],
  };
}

/** Whether the template asks for that release: image and annotation both. */
export function asksFor(service: Pick<KnativeService, "spec">, index: number, release: Release): boolean {
  const { template } = service.spec;
  const annotated = annotatedRelease(template.metadata?.annotations ?? {});
  return annotated?.digest === release.digest && template.spec.containers[index]?.image === release.image;
}

/** Whether the template asks for a release that a rollout put there, and that is not stable's. */
export function isLeftOver(
  { metadata, spec }: RevisionTemplate,
  index: number,
  stable: Revision,
  option?: string,
): boolean {
  const annotated = annotatedRelease(metadata?.annotations ?? {});
  const image = spec.containers[index]?.image;
  if (annotated === null || annotated.image !== image) return false;
  const own = stable.spec.containers[servingIndex(stable.spec.containers, stable.name, option)];
  return image !== own?.image || annotatedRelease(stable.annotations)?.digest !== annotated.digest;
}

/** The release that a Revision runs: ours where its annotation tells of that very image, else one made of the image's
 * digest, which Knative resolves before anything runs; null where that has not happened. */
export function releaseOfRevision({ annotations, spec, status }: Revision, index: number): Release | null {
  const container = spec.containers[index];
  if (container === undefined) return null;
  const annotated = annotatedRelease(annotations);
  if (annotated !== null && annotated.image === container.image) return annotated;
  const resolved = status.containerStatuses[index]?.imageDigest;
  const digest = digestIn(container.image) ?? digestIn(resolved ?? "");
  return digest === null ? null : foreignRelease(container.image, digest);
}
