/** Platform `gateway`: shares by the weights of an HTTPRoute's rule. The user's object is the HTTPRoute; stable is the
 * Deployment behind the one Service that its rule names. */
import { GatewayPlace } from "../kubernetes/gateway-place.ts";
import {
  adoptCandidate,
  candidatePods,
  cleanUpPair,
  growCandidate,
  growStable,
  pairPods,
  workloadNames,
} from "../kubernetes/pair.ts";
import type { Platform } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";

export async function gatewayPlatform(context: PlatformContext): Promise<Platform> {
  const place = new GatewayPlace(context);
  return {
    read: () => place.state(),
    prepare: (candidate) => place.prepare(candidate),
    async capacity(percent) {
      const view = await place.view();
      await growStable(context, view, percent);
      await growCandidate(context, view, candidatePods(percent, view));
    },
    route: (percent) => place.route(percent),
    prove: (percent) => place.prove(percent),
    mirror: (percent) => place.mirror(percent),
    adopt: async () => adoptCandidate(context, await place.view()),
    async cleanUp() {
      await place.removeService();
      await cleanUpPair(context, await place.stableRef());
    },
    pods: async () => pairPods(context, await place.view()),
    workloads: async () => workloadNames((await place.stableRef()).name),
  };
}
