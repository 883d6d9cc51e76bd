/** Platform `deployment`: stable and candidate behind one Service, shares by numbers of pods. The user's object is the
 * Deployment; the Service is the one that selects its pods. */
import { DeploymentPlace } from "../kubernetes/deployment-place.ts";
import { adoptCandidate, cleanUpPair, pairPods, workloadNames } from "../kubernetes/pair.ts";
import type { Platform } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { withReasons } from "../kubernetes/workload-down.ts";

export async function deploymentPlatform(context: PlatformContext): Promise<Platform> {
  const place = new DeploymentPlace(context);
  return {
    async read() {
      const view = await place.view();
      return withReasons(context.api, place.state(view), async () => view, context.options.container);
    },
    prepare: (candidate) => place.prepare(candidate),
    capacity: (percent, of) => place.capacity(percent, of),
    route: (percent) => place.route(percent),
    prove: (percent) => place.prove(percent),
    mirror: (percent) => place.mirror(percent),
    adopt: async () => adoptCandidate(context, await place.view()),
    async cleanUp() {
      await place.removeMirror();
      await cleanUpPair(context, place.ref);
    },
    pods: async () => pairPods(context, await place.view()),
    workloads: async () => workloadNames(context.name),
  };
}
