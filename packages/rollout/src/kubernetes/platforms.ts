/** The platforms that there are. To add one: its name in `targets/names.ts`, its line here, its fixture in the contract
 * suite. */
import type { Api } from "@ml-actions/cluster/types";
import type { KubernetesTargetName } from "../targets/names.ts";
import type { GuardImage } from "./ledger-types.ts";
import type { Fence, Platform } from "./platform.ts";
import type { Probe } from "./probe.ts";

/** What a platform is told beyond its resource. Plain JSON: the guard opens the same. */
export interface PlatformOptions {
  /** The container that serves, where a pod has several. */
  container?: string;
  /** How long a release may take until its pods are ready: 10 minutes unless told otherwise. */
  readyTimeoutMs?: number;
  /** How long a router may take until its answers have the shares that it accepted: 30 s unless told otherwise. */
  routeTimeoutMs?: number;
}

export interface PlatformContext {
  api: Api;
  fence: Fence;
  namespace: string;
  /** Name of the user's object. */
  name: string;
  /** `deployment/flights`: as objects of ours name it. */
  resource: string;
  options: PlatformOptions;
  probe: Probe;
  /** The mirroring proxy's program, by its path, and an image for it beside stable's. Left out where nothing is mirrored:
   * what takes a proxy away needs neither. */
  mirror?: { program: string; image?: GuardImage };
  /** What goes wrong without ending anything. */
  onTrouble: (message: string) => void;
}

export interface PlatformEntry {
  /** As people write it: `deployment/flights`. */
  kind: string;
  open(context: PlatformContext): Promise<Platform>;
  /** Copies requests to a candidate. */
  mirrors: boolean;
}

export const platforms: Record<KubernetesTargetName, PlatformEntry> = {
  deployment: {
    kind: "deployment",
    mirrors: true,
    open: async (context) => (await import("../targets/deployment.ts")).deploymentPlatform(context),
  },
  gateway: {
    kind: "httproute",
    mirrors: true,
    open: async (context) => (await import("../targets/gateway.ts")).gatewayPlatform(context),
  },
  istio: {
    kind: "virtualservice",
    mirrors: true,
    open: async (context) => (await import("../targets/istio.ts")).istioPlatform(context),
  },
  knative: {
    kind: "ksvc",
    mirrors: false,
    open: async (context) => (await import("../targets/knative.ts")).knativePlatform(context),
  },
  kserve: {
    kind: "inferenceservice",
    mirrors: true,
    open: async (context) => (await import("../targets/kserve.ts")).kservePlatform(context),
  },
};
