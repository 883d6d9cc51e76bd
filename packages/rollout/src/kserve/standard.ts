/**
 * KServe in Standard mode. On every version of it this works: the candidate is an InferenceService of its own, and traffic
 * is shared between the Services of the two predictors by HTTPRoutes that we write. `canaryTrafficPercent` does nothing in
 * this mode, and the canaries of `spec.canary` are said to be ready while KServe 0.20 routes nothing to them.
 */
import { podsFor } from "../kubernetes/capacity.ts";
import type { Platform, PlatformState } from "../kubernetes/platform.ts";
import type { PlatformContext } from "../kubernetes/platforms.ts";
import { readWorkload } from "../kubernetes/workload.ts";
import { servingPods } from "../kubernetes/workload-pods.ts";
import { createCandidate, removeCandidate } from "./candidate.ts";
import { entrances, servicesOf } from "./entrances.ts";
import { type InferenceService, usersService } from "./inference-service.ts";
import { releaseOf } from "./release-of.ts";
import { candidateOf, deploymentOf, type Sides, servingIn, sideOf } from "./sides.ts";
import { adoptRelease, giveBack, growCandidate, growStable, strengthOf } from "./strength.ts";

export function standardPlatform(context: PlatformContext): Platform {
  const { api, namespace, name } = context;
  const user = () => usersService(api, namespace, name);
  const sides = async (): Promise<Sides> => {
    const [stable, candidate] = await Promise.all([user(), candidateOf(context)]);
    return { stable, candidate };
  };
  const sidesOf = async ({ stable, candidate }: Sides) => {
    const both = [sideOf(context, stable), candidate && sideOf(context, candidate)] as const;
    const [ours, theirs] = await Promise.all(both);
    return { stable: ours, candidate: theirs };
  };
  const routes = entrances(context);

  return {
    read: async (): Promise<PlatformState> => {
      const both = await sides();
      const [running, routed] = await Promise.all([sidesOf(both), routes.read(both)]);
      return { ...running, ...routed };
    },
    prepare: async (release) => {
      const stable = await user();
      await routes.check(stable);
      await createCandidate(context, stable, release);
    },
    capacity: async (percent) => {
      const both = await sides();
      if (both.candidate === null) return;
      const strength = strengthOf(both);
      if (percent > 0) await growCandidate(context, podsFor(percent, strength));
      // However little of the traffic it has: a restore gives it all of it back, at once.
      if (!both.stable.stopped) await growStable(context, strength);
    },
    route: async (percent) => routes.route(await sides(), percent),
    prove: async (percent) => {
      const both = await sides();
      await routes.prove(both, await sidesOf(both), percent);
    },
    mirror: async (percent) => routes.mirror(await sides(), percent),
    adopt: async () => {
      const both = await sides();
      const release = both.candidate && (await releaseOf(api, both.candidate, null));
      if (release !== null) await adoptRelease(context, both, release);
    },
    cleanUp: async () => {
      const both = await sides();
      await routes.leave(both);
      if (both.candidate !== null) {
        await giveBack(context, both.candidate);
        await removeCandidate(context, both.candidate);
      }
      await routes.clear(both);
    },
    pods: async () => {
      const { stable, candidate } = await sides();
      const of = async (service: InferenceService | null) => {
        const workload = service && (await readWorkload(api, deploymentOf(service)));
        return service && workload ? servingPods(api, workload, servingIn(service)) : [];
      };
      return { stable: await of(stable), candidate: await of(candidate) };
    },
    workloads: async () => {
      const { stable } = await sides();
      const { stable: ours, candidate } = servicesOf(stable);
      return { stable: { workload: ours }, candidate: { workload: candidate } };
    },
  };
}
