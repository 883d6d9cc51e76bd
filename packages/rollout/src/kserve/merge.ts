/** Changes of the user's InferenceService: exactly the fields given, and only if nobody has changed it since it was read. */
import { ClusterError } from "@ml-actions/cluster/error";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { type InferenceService, inferenceServiceRef } from "./inference-service.ts";

const mergeTries = 5;

/** A JSON merge patch: the lists of an InferenceService have no keys in its schema, so that server-side apply would own
 * them whole. `make` gives null where there is nothing to do. */
export async function merge(
  { api, fence, namespace }: PlatformContext,
  read: () => Promise<InferenceService | null>,
  make: (service: InferenceService) => { metadata?: object; spec?: object } | null,
): Promise<void> {
  for (let left = mergeTries; ; left -= 1) {
    const service = await read();
    const patch = service && make(service);
    if (service === null || patch === null) return;
    const { name, resourceVersion } = service.object.metadata;
    await fence();
    try {
      await api.merge(inferenceServiceRef(namespace, name), {
        ...patch,
        metadata: { ...patch.metadata, resourceVersion },
      });
      return;
    } catch (error) {
      // KServe writes its status all the time.
      if (!(error instanceof ClusterError) || error.code !== "conflict" || left === 1) throw error;
    }
  }
}
