/** A platform of two Deployments behind a router that gives each its weight, whatever the router is. */
import type { Release } from "../target.ts";
import {
  adoptCandidate,
  candidatePods,
  cleanUpPair,
  growCandidate,
  growStable,
  type Pair,
  pairPods,
  workloadNames,
} from "./pair.ts";
import type { Platform, PlatformState } from "./platform.ts";
import type { PlatformContext } from "./platforms.ts";
import type { Workload } from "./workload.ts";
import { withReasons } from "./workload-down.ts";

/** What differs between routers. As the calls of `Platform` with the same names. */
export interface RoutedPlace {
  view(): Promise<Pair>;
  state(): Promise<PlatformState>;
  prepare(candidate: Release): Promise<void>;
  route(candidatePercent: number): Promise<void>;
  prove(candidatePercent: number): Promise<void>;
  mirror(percent: number): Promise<void>;
  /** What was made for the candidate beside its Deployment goes. */
  removeObjects(): Promise<void>;
  /** Stable's Deployment. */
  stableRef(): Promise<Workload["ref"]>;
}

export function routedPair(context: PlatformContext, place: RoutedPlace): Platform {
  return {
    read: async () =>
      withReasons(context.api, await place.state(), () => place.view(), context.options.container),
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
    pods: async () => pairPods(context, await place.stableRef()),
    workloads: async () => workloadNames((await place.stableRef()).name),
  };
}
