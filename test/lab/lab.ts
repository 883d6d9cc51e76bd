/** The lab as tests see it: a cluster, a registry, and what else they ask for. */
import type { PartName } from "./part.ts";
import { gatewayName, gatewayNamespace, gatewayUrl } from "./parts/gateway.ts";
import { withNeeds } from "./parts/index.ts";
import { givenKubeconfig, openSite } from "./site.ts";
import { bringUp } from "./up.ts";

export interface Lab {
  /** Path, of an administrator. */
  kubeconfig: string;
  /** `host:port`, plain HTTP, as this machine and the cluster's nodes reach it. */
  registry: string;
  /** For `parentRefs`, and where this machine reaches it. It is there when the part `gateway` is up. */
  gateway: { namespace: string; name: string; url: string };
  /** Resolves when these parts are up, having brought up those that were not; on a cluster that the caller gave by
   * `KUBECONFIG` it brings up nothing and rejects with what is missing. */
  need(...parts: PartName[]): Promise<void>;
}

const say = (text: string) => console.error(`lab: ${text}`);

/** With cluster and registry up. */
export async function lab(): Promise<Lab> {
  await need("cluster");
  const { kubeconfig, registry } = await openSite(say);
  if (registry === "")
    throw new Error(
      "images have no registry to go to: give one by LAB_REGISTRY (host:port, plain HTTP) that the cluster of KUBECONFIG pulls from.",
    );
  const url = process.env.LAB_GATEWAY_URL || gatewayUrl;
  return { kubeconfig, registry, gateway: { namespace: gatewayNamespace, name: gatewayName, url }, need };
}

async function need(...names: PartName[]): Promise<void> {
  const missing = await missingOf(names);
  if (missing.length === 0) return;
  if (givenKubeconfig() === null) return bringUp(names, say);
  const [first] = missing;
  throw new Error(
    first === "cluster"
      ? "the cluster of KUBECONFIG does not answer: unset it to have the lab make its own, or give one that runs."
      : `the cluster of KUBECONFIG lacks ${missing.join(", ")}: put them there with the same KUBECONFIG and \`npm run lab:up ${missing.join(" ")}\`.`,
  );
}

async function missingOf(names: readonly PartName[]): Promise<PartName[]> {
  const site = await openSite(say);
  const missing: PartName[] = [];
  for (const part of withNeeds(names)) {
    if (givenKubeconfig() !== null && part.name === "registry") continue;
    if (!(await part.status(site)).up) missing.push(part.name);
  }
  return missing;
}
