/**
 * What Knative made of an InferenceService: its revisions, and which release each of them is.
 *
 * `latest` means the latest revision that is *ready*: with a candidate that never gets ready, the traffic of a canary stays
 * on the old revision and looks healthy. So each revision is known by the release that it is, never by its place.
 */
import { fieldManager, type KubeObject } from "@ml-actions/cluster/types";
import { RolloutError } from "../error.ts";
import { type Revision, revisionOf, revisionRef } from "../knative/service.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { annotatedRelease, digestIn, foreignRelease } from "../kubernetes/workload-release.ts";
import type { Release } from "../target.ts";
import type { InferenceService } from "./inference-service.ts";
import { holdsCandidate } from "./knative-changes.ts";
import { hashed, modelAt, writtenRelease } from "./release-of.ts";
import { servedBy, serving } from "./served.ts";

/** As the InferenceService and its revisions say now. */
export interface Revisions {
  stable: Revision | null;
  /** null: the spec asks for stable's release. `revision` null: there is none of it yet. */
  candidate: { release: Release; revision: Revision | null } | null;
  /** The one that the spec made last. */
  created: Revision | null;
  /** Requests in percent by revision, as Knative routes them. */
  traffic: ReadonlyMap<string, number>;
  /** The revision made last is the one that the spec asks for, it is ready, and it is what `latest` means. */
  settled: boolean;
}

export async function revisionsOf(context: PlatformContext, service: InferenceService): Promise<Revisions> {
  const { annotations } = service.predictor;
  const status = service.status.components?.predictor ?? {};
  const entries = status.traffic ?? [];
  const traffic = new Map<string, number>();
  for (const { revisionName = "", percent = 0 } of entries)
    traffic.set(revisionName, (traffic.get(revisionName) ?? 0) + percent);
  const [created, rolledOut] = await Promise.all([
    revisionNamed(context, status.latestCreatedRevision),
    revisionNamed(context, status.latestRolledoutRevision),
  ]);
  const runs = created === null ? null : releaseOfRevision(created).digest;
  const asked = annotatedRelease(annotations);
  const inIt = holdsCandidate(service.predictor) && asked !== null;
  const candidate = inIt && runs === asked.digest ? created : null;
  // With all traffic at the candidate, KServe takes it for the one that is rolled out.
  const overtaken = candidate !== null && rolledOut?.name === candidate.name;
  return {
    stable: overtaken ? await revisionNamed(context, status.previousRolledoutRevision) : rolledOut,
    candidate: inIt ? { release: asked, revision: candidate } : null,
    created,
    traffic,
    settled:
      created?.ready === true &&
      runs === digestAsked(service) &&
      status.latestReadyRevision === created.name &&
      entries.some(
        ({ latestRevision, revisionName }) => latestRevision === true && revisionName === created.name,
      ),
  };
}

/** What the spec would have served. KServe's status tells of the revision before until it has made the one of the spec as
 * it stands, and does not say which: so a revision is taken for that one by what it runs. */
function digestAsked({ predictor, where }: InferenceService): string {
  const served = servedBy(predictor, where);
  const written = writtenRelease(predictor, served);
  if (written !== null) return written.digest;
  return served.kind === "model"
    ? hashed(served.storageUri)
    : (digestIn(served.image) ?? hashed(served.image));
}

async function revisionNamed({ api, namespace }: PlatformContext, name = ""): Promise<Revision | null> {
  const object = name === "" ? null : await api.get(revisionRef(namespace, name));
  return object && revisionOf(object);
}

/** Where KServe writes what it had loaded. */
const storageUri = "internal.serving.kserve.io/storage-initializer-sourceuri";

/** Ours is written beside what it runs, so that an edit of that by others makes it theirs. */
export function releaseOfRevision({ annotations, spec }: Revision): Release {
  const uri = annotations[storageUri];
  const image = serving(spec.containers)?.image ?? "";
  const written = annotatedRelease(annotations);
  const isWritten = written?.image === undefined ? written?.model.uri === uri : written.image === image;
  if (written !== null && isWritten) return written;
  if (uri !== undefined) return modelAt(uri);
  return foreignRelease(image, digestIn(image) ?? hashed(image));
}

/** Whether `canaryTrafficPercent` is there because we wrote it: another's canary is not ours to end. */
export function percentIsOurs({ metadata }: KubeObject): boolean {
  const path = ["f:spec", "f:predictor", "f:canaryTrafficPercent"];
  const inside = (fields: unknown, key: string) => (fields as Record<string, unknown> | undefined)?.[key];
  return (metadata.managedFields ?? []).some(
    ({ manager, fieldsV1 }) => manager === fieldManager && path.reduce(inside, fieldsV1) !== undefined,
  );
}

export interface View extends Revisions {
  service: InferenceService;
}

const lookEveryMs = 300;

/** Polls until it is so; rejects with what is so instead. */
export async function until(
  view: () => Promise<View>,
  fits: (now: View) => boolean,
  { what, timeoutMs }: { what: string; timeoutMs: number },
): Promise<View> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const now = await view();
    if (fits(now)) return now;
    const failed = now.created?.status.conditions.find(
      ({ type, status }) => type === "Ready" && status === "False",
    );
    if (performance.now() > deadlineMs) {
      const routed = [...now.traffic].map(([name, percent]) => `${name} ${percent} %`).join(", ");
      const said =
        failed === undefined ? "" : `; ${now.created?.name} says ${failed.reason}: ${failed.message}`;
      throw new RolloutError(
        failed === undefined ? "not-routed" : "not-ready",
        `After ${timeoutMs / 1000} s it is not so that ${what}: traffic is ${routed || "nobody's"}${said}.`,
        "See what the InferenceService and its revisions say (kubectl describe), then deploy again.",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
