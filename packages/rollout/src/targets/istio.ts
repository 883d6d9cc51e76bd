/** Platform `istio`: shares by the weights of a VirtualService's http route. The user's object is the VirtualService;
 * stable is the Deployment behind the one destination of that route. */
import { IstioPlace } from "../istio/place.ts";
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

export async function istioPlatform(context: PlatformContext): Promise<Platform> {
  const place = new IstioPlace(context);
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
      await place.removeObjects();
      await cleanUpPair(context, await place.stableRef());
    },
    pods: async () => pairPods(context, await place.view()),
    workloads: async () => workloadNames((await place.stableRef()).name),
  };
}
