/** Which release an InferenceService stands for. */
import { createHash } from "node:crypto";
import type { Api } from "@ml-actions/cluster/types";
import type { Workload } from "../kubernetes/workload.ts";
import { servingContainer } from "../kubernetes/workload.ts";
import {
  annotatedRelease,
  digestIn,
  foreignRelease,
  releaseOf as workloadRelease,
} from "../kubernetes/workload-release.ts";
import type { Release } from "../target.ts";
import type { InferenceService } from "./inference-service.ts";
import { type Predictor, type Served, servedBy, serves } from "./served.ts";

/** Ours is written beside what it serves, so that an edit of that by others makes it theirs. null: it is stopped and
 * never served one of ours. `workload`: KServe's Deployment, which tells the digest behind a tag. */
export async function releaseOf(
  api: Api,
  { predictor, where, stopped }: InferenceService,
  workload: Workload | null,
): Promise<Release | null> {
  const served = servedBy(predictor, where);
  const written = writtenRelease(predictor, served);
  if (written !== null) return written;
  if (stopped) return null;
  if (served.kind === "model") return modelAt(served.storageUri);
  const digest = digestIn(served.image);
  if (digest !== null || workload === null)
    return foreignRelease(served.image, digest ?? hashed(served.image));
  return workloadRelease(api, workload, servingContainer(workload, served.container));
}

/** null: what the predictor serves is not what was written there. */
export function writtenRelease(predictor: Predictor, served: Served): Release | null {
  const written = annotatedRelease(predictor.annotations);
  return written !== null && serves(served, written) ? written : null;
}

/** Nobody here has read the files of a model that others put there: its identity is its address alone. */
export function modelAt(storageUri: string): Release {
  const digest = hashed(storageUri);
  return { digest, label: storageUri.slice(0, 200), model: { digest, uri: storageUri, contract: "unknown" } };
}

export const hashed = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
