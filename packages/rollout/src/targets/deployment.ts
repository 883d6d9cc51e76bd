/** Platform `deployment`: stable and candidate behind one Service, shares by numbers of pods. The user's object is the
 * Deployment; the Service is the one that selects its pods. */
import { DeploymentPlace } from "../kubernetes/deployment-place.ts";
import { adoptCandidate, cleanUpPair, pairPods, workloadNames } from "../kubernetes/pair.ts";
import type { Platform } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { withReasons } from "../kubernetes/workload-down.ts";

/** All that share a namespace look at the same Services, each once a second. Below the pause before a finding is looked at
 * again, so that a second look is one. */
const seenMs = 400;

export async function deploymentPlatform(context: PlatformContext): Promise<Platform> {
  const place = new DeploymentPlace(context);
  return {
    async read() {
      const view = await place.view({ maxAgeMs: seenMs });
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
    pods: () => pairPods(context, place.ref),
    workloads: async () => workloadNames(context.name),
  };
}
