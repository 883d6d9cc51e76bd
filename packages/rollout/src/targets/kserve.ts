/** Target `kserve`: an InferenceService, in either of KServe's modes. */
import { usersService } from "../kserve/inference-service.ts";
import { knativePlatform } from "../kserve/knative.ts";
import { modeOf } from "../kserve/mode.ts";
import { assertServes } from "../kserve/served.ts";
import { standardPlatform } from "../kserve/standard.ts";
import type { Platform } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";

/** Chooses by what KServe says of the InferenceService. Rejects with `invalid` when there is none, or in a mode in which
 * nothing can be rolled out step by step; or when the input `container` names another one than KServe serves with. */
export async function kservePlatform(context: PlatformContext): Promise<Platform> {
  const service = await usersService(context.api, context.namespace, context.name);
  const mode = await modeOf(context.api, service);
  assertServes(service, context.options.container);
  return mode === "Standard" ? standardPlatform(context) : { ...knativePlatform(context), mirrors: false };
}
