/** The lab as tests see it: a cluster, a registry, and what else they ask for. */
import type { PartName } from "./part.ts";

export interface Lab {
  /** Path, of an administrator. */
  kubeconfig: string;
  /** `host:port`, plain HTTP, as this machine and the cluster's nodes reach it. */
  registry: string;
  /** Its namespace and name for `parentRefs`, and where this machine reaches it. Needs the part `gateway`. */
  gateway(): Promise<{ namespace: string; name: string; url: string }>;
  /** Resolves when these parts are up, having brought up those that were not; on a cluster that the caller gave by
   * `KUBECONFIG` it brings up nothing and rejects with what is missing. */
  need(...parts: PartName[]): Promise<void>;
}
