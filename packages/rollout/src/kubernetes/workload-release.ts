/** Which release a workload runs, and what of its template makes it run that one. */
import type { Api } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import { releaseSchema } from "../schemas.ts";
import type { Release } from "../target.ts";
import { names } from "./platform.ts";
import { invalid } from "./refusals.ts";
import { type Container, shown, type Workload } from "./workload.ts";
import { podsOf } from "./workload-pods.ts";

/** How long a pod that is about to end still serves, until every router has heard of it. Endpoints take a second or two,
 * proxies another. */
const stillServesS = 5;
/** Our server's own time after SIGTERM, in which every answer closes its connection. */
const drainDelayMs = 1_000;
export const predictionPath = "/dev/stdout";

/** The reference that a cluster can pull. @throws RolloutError `invalid` */
export function imageOf(release: Release): string {
  const { image, label, digest } = release;
  if (image !== undefined && /^[a-z0-9][\w.:/-]*@sha256:[0-9a-f]{64}$/i.test(image)) return image;
  throw invalid(
    image === undefined
      ? `${label} (${digest}) was made from files, and a cluster runs images.`
      : `The image ${JSON.stringify(image)} of ${label} is not in a registry by digest, and a cluster pulls from registries.`,
    "Push it (action build does), and deploy it by its digest.",
  );
}

/** Env entries of ours. The user's own path of the prediction log stays. */
export function ownEnv(release: Release, container: Container): { name: string; value: string }[] {
  const log = container.env.find(({ name }) => name === "PREDICTION_LOG");
  const logs = log === undefined || log.value === predictionPath;
  return [
    { name: "ML_RELEASE", value: release.digest },
    { name: "DRAIN_DELAY_MS", value: String(drainDelayMs) },
    ...(logs ? [{ name: "PREDICTION_LOG", value: predictionPath }] : []),
  ];
}

/** What a container needs to end without failing a request, where the user has not said how: a pause before SIGTERM, as
 * long as its pod's time to end allows.
 * @param graceS of its pod; Kubernetes' own where nobody says */
export function ownLifecycle({ lifecycle }: Container, graceS = 30): Record<string, unknown> {
  const present = lifecycle?.preStop;
  const slept = (present as { sleep?: { seconds?: number } } | undefined)?.sleep?.seconds;
  const ours = slept === stillServesS || slept === Math.min(stillServesS, graceS);
  if (present !== undefined && present !== null && !ours) return {};
  const seconds = Math.min(stillServesS, graceS);
  return seconds < 1 ? {} : { lifecycle: { preStop: { sleep: { seconds } } } };
}

export function releaseAnnotation(release: Release): Record<string, string> {
  return { [names.release]: JSON.stringify(release) };
}

/** The release that an object's annotation names, as far as it is one. */
export function annotatedRelease(annotations: Record<string, string> | undefined): Release | null {
  try {
    return releaseSchema.parse(JSON.parse(annotations?.[names.release] ?? ""));
  } catch {
    return null;
  }
}

/** The release that the workload's template asks for: ours where the annotation tells of that very image; else one made
 * of the image, whose digest a running pod knows where the template has a tag. null: it stands at 0 and never ran one of
 * ours, so nothing has been deployed here.
 * @throws RolloutError `conflict` when its image has a tag and no pod runs that tells the digest */
export async function releaseOf(api: Api, workload: Workload, container: Container): Promise<Release | null> {
  const annotated = annotatedRelease(workload.annotations);
  if (annotated !== null && container.image === annotated.image) return annotated;
  if (workload.spec.replicas === 0) return null;
  const digest = digestIn(container.image) ?? (await runningDigest(api, workload, container));
  if (digest !== null) return foreignRelease(container.image, digest);
  throw new RolloutError(
    "conflict",
    `${shown(workload.ref)} has the image ${container.image} without a digest, and no pod of it runs that would tell.`,
    "Wait until its pods run, or give its image by digest.",
  );
}

export function foreignRelease(image: string, digest: string): Release {
  const name = image.replace(/@.*$/, "").split("/").at(-1) ?? image;
  const repository = image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  const reference = `${repository}@${digest}`;
  return {
    digest,
    label: name.slice(0, 200),
    model: { digest, uri: reference, contract: reference },
    image: reference,
  };
}

export function digestIn(image: string): string | null {
  return /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1] ?? null;
}

async function runningDigest(api: Api, workload: Workload, container: Container): Promise<string | null> {
  for (const pod of await podsOf(api, workload)) {
    const status = pod.status.containerStatuses.find(({ name }) => name === container.name);
    const digest = digestIn(status?.imageID ?? "");
    if (digest !== null) return digest;
  }
  return null;
}
