/** What a predictor serves, and how it is changed to serve another release: the image of its container, or the address
 * of its model. Pure. */
import { RolloutError } from "../error.ts";
import { imageOf, ownEnv, ownLifecycle, releaseAnnotation } from "../kubernetes/workload-release.ts";
import type { Release } from "../target.ts";

/** What it is that a predictor serves: a whole image, or a model's files on a runtime that others made. */
export type Served =
  | { kind: "image"; container: string; image: string }
  | { kind: "model"; storageUri: string; format: string; runtime: string | null };

export interface Variable {
  name: string;
  value?: string;
  [more: string]: unknown;
}
export interface Container {
  name: string;
  image?: string;
  env?: Variable[];
  readinessProbe?: unknown;
  [more: string]: unknown;
}

/** `spec.predictor`, as far as it matters here; the rest is kept as it is. */
export interface Predictor {
  /** Where spec.canary was promoted before: part of the names of what KServe makes. */
  name?: string;
  model?: {
    modelFormat?: { name: string };
    storageUri?: string;
    runtime?: string;
    env?: Variable[];
    [more: string]: unknown;
  };
  containers?: Container[];
  minReplicas?: number;
  maxReplicas?: number;
  terminationGracePeriodSeconds?: number;
  deploymentStrategy?: Record<string, unknown>;
  canaryTrafficPercent?: number;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  [more: string]: unknown;
}

/** The container that KServe takes for the model server. */
export const servingContainer = "kserve-container";

/** What KServe 0.20 can load itself; a ClusterStorageContainer may add to it, and has a scheme too. */
export function knownStorage(uri: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/\S+$/.test(uri);
}

export function serving<Each extends { name?: string | undefined }>(
  containers: readonly Each[],
): Each | undefined {
  return containers.length === 1 ? containers[0] : containers.find(({ name }) => name === servingContainer);
}

/** Rejects with `invalid` when it serves in a way that a rollout cannot change. `where` names it for people. */
export function servedBy(predictor: Predictor, where: string): Served {
  const { model, containers = [] } = predictor;
  if (model?.storageUri !== undefined && model.modelFormat !== undefined) {
    const { storageUri, modelFormat, runtime = null } = model;
    return { kind: "model", storageUri, format: modelFormat.name, runtime };
  }
  const container = model === undefined ? serving(containers) : undefined;
  if (container?.image !== undefined)
    return { kind: "image", container: container.name, image: container.image };
  throw new RolloutError(
    "invalid",
    `${where} serves neither one model by spec.predictor.model.storageUri nor one image by spec.predictor.containers.`,
    `Name the model by storageUri, or the container ${servingContainer} by its image.`,
  );
}

/** The container that serves: of a model on a runtime it is KServe's. */
export function servingName(predictor: Predictor, where: string): string {
  const served = servedBy(predictor, where);
  return served.kind === "image" ? served.container : servingContainer;
}

/** Which container serves is KServe's to say. @throws RolloutError `invalid` when `asked` is another */
export function assertServes(
  { predictor, where }: { predictor: Predictor; where: string },
  asked: string | undefined,
): void {
  const name = servingName(predictor, where);
  if (asked === undefined || asked === name) return;
  throw new RolloutError(
    "invalid",
    `The container ${JSON.stringify(asked.slice(0, 100))} is not the one that ${where} serves with: KServe sends requests to ${name}.`,
    `Leave the input \`container\` out, or name ${name}.`,
  );
}

/** A path that costs no inference and is counted as none: the one that the server itself is asked whether it is ready; on
 * runtimes that others made, the one of the Open Inference Protocol. Whatever is answered there, somebody answered. */
export function probePathOf(predictor: Predictor): string {
  const container = predictor.model === undefined ? serving(predictor.containers ?? []) : undefined;
  const probe = container?.readinessProbe as { httpGet?: { path?: string } } | undefined;
  return probe?.httpGet?.path ?? "/v2/health/live";
}

/** Whether it is this release that the predictor serves, by what it would have to have. */
export function serves(served: Served, release: Release): boolean {
  return served.kind === "image" ? served.image === release.image : served.storageUri === release.model.uri;
}

/** A JSON merge patch of `spec.predictor`: what changes for this release, and nothing else. The list of containers has no
 * keys in KServe's schema, so that it can only be written whole: as it was read, with our fields of one container changed.
 * `pausing`: a container that ends waits until every router has heard of it, which Knative sees to itself and refuses.
 * Rejects with `invalid` when a predictor of this kind cannot serve the release. */
export function change(
  predictor: Predictor,
  release: Release,
  { where, pausing }: { where: string; pausing: boolean },
): Predictor {
  const served = servedBy(predictor, where);
  const annotations = releaseAnnotation(release);
  const graceS = predictor.terminationGracePeriodSeconds;
  const withOwn = (env: readonly Variable[] = [], own: readonly Variable[]) => [
    ...env.filter(({ name }) => !own.some((each) => each.name === name)),
    ...own,
  ];
  if (served.kind === "image") {
    if (release.image === undefined) throw mismatch(where, "an image", release);
    const image = imageOf(release);
    const containers = (predictor.containers ?? []).map((container) => {
      if (container.name !== served.container) return container;
      const whole = { ...nothing, ...asRead(container), image };
      const env = withOwn(container.env, ownEnv(release, whole));
      return { ...container, image, env, ...(pausing && ownLifecycle(whole, graceS)) };
    });
    return { annotations, containers };
  }
  if (release.image !== undefined || !knownStorage(release.model.uri))
    throw mismatch(where, "a model by its storageUri", release);
  const named = [{ name: "ML_RELEASE", value: release.digest }];
  const { env, lifecycle } = predictor.model ?? {};
  const whole = { ...nothing, ...asRead({ name: servingContainer, lifecycle }), image: "" };
  return {
    annotations,
    model: {
      ...{ storageUri: release.model.uri, env: withOwn(env, named) },
      ...(pausing && ownLifecycle(whole, graceS)),
    },
  };
}

const nothing = { ports: [], resources: { requests: {}, limits: {} } };

function asRead({ name, env = [], lifecycle }: Container) {
  return { name, env, ...(lifecycle !== undefined && { lifecycle: lifecycle as { preStop: unknown } }) };
}

/** As the API server applies a JSON merge patch (RFC 7386). */
export function merged<Value>(value: Value, patch: unknown): Value {
  const isObject = (each: unknown): each is Record<string, unknown> =>
    typeof each === "object" && each !== null && !Array.isArray(each);
  if (!isObject(patch)) return patch as Value;
  const result: Record<string, unknown> = isObject(value) ? { ...value } : {};
  for (const [key, to] of Object.entries(patch)) {
    if (to === null) delete result[key];
    else result[key] = merged(result[key], to);
  }
  return result as Value;
}

function mismatch(where: string, what: string, release: Release): RolloutError {
  const is = release.image === undefined ? `a model at ${release.model.uri}` : `the image ${release.image}`;
  return new RolloutError(
    "invalid",
    `${where} serves ${what}, but release ${release.label} is ${is}.`,
    "Give a release of the kind that the InferenceService serves, or change the InferenceService first.",
  );
}
