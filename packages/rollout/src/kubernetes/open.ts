/** Opens a target on a cluster: its API, its ledger, its platform, and where its counts and predictions come from. */

import type { KubernetesTargetName } from "../targets/names.ts";
import type { OpenTarget } from "../targets/open-target.ts";
import type { GuardImage } from "./ledger-types.ts";
import type { PlatformOptions } from "./platforms.ts";

export interface KubernetesOptions extends PlatformOptions {
  /** Name of the object that the target is about: of a Deployment, an HTTPRoute, a VirtualService, … */
  name: string;
  /** Left out: that of the kubeconfig's context. */
  namespace?: string;
  /** Its text or its path. Left out: as kubectl finds it. */
  kubeconfig?: string;
  context?: string;
  /** `off`: nobody restores stable when this process vanishes. */
  guard: "required" | "auto" | "off";
  /** Path of the guard's program. Needed unless `guard` is `off`. */
  guardProgram?: string;
  /** Where neither release's own image can run it. */
  guardImage?: GuardImage;
  telemetry?: "auto" | "pods" | "prometheus";
  /** `https://…`, or `service:<namespace>/<name>:<port>` through the API server. */
  prometheus?: string;
  /** PromQL by gate, in place of the series that are found. */
  queries?: Readonly<Record<string, string>>;
  /** What goes wrong without ending anything. */
  onTrouble?: (message: string) => void;
}

export interface KubernetesTarget extends OpenTarget {
  /** Rights that we lack, in the reader's words; looked at before anything is touched. */
  lacking(): Promise<string[]>;
  close(): void;
}

export declare function openKubernetes(
  name: KubernetesTargetName,
  options: KubernetesOptions,
): Promise<KubernetesTarget>;
