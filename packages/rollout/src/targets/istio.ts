/** Platform `istio`: shares by the weights of a VirtualService's http route. The user's object is the VirtualService;
 * stable is the Deployment behind the one destination of that route. */
import { IstioPlace } from "../istio/place.ts";
import type { Platform } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { routedPair } from "../kubernetes/routed-pair.ts";

export async function istioPlatform(context: PlatformContext): Promise<Platform> {
  return routedPair(context, new IstioPlace(context));
}
