/** Platform `gateway`: shares by the weights of an HTTPRoute's rule. The user's object is the HTTPRoute; stable is the
 * Deployment behind the one Service that its rule names. */
import { GatewayPlace } from "../kubernetes/gateway-place.ts";
import type { Platform } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { routedPair } from "../kubernetes/routed-pair.ts";

export async function gatewayPlatform(context: PlatformContext): Promise<Platform> {
  return routedPair(context, new GatewayPlace(context));
}
