/** All parts, in the order in which they are brought up: a part comes after those it needs. */
import type { Part, PartName } from "../part.ts";
import { cluster } from "./cluster.ts";
import { gateway } from "./gateway.ts";
import { istio } from "./istio.ts";
import { knative } from "./knative.ts";
import { kserve } from "./kserve.ts";
import { prometheus } from "./prometheus.ts";
import { registry } from "./registry.ts";

export const parts: readonly Part[] = [registry, cluster, gateway, prometheus, knative, kserve, istio];

/** Rejects a name that is none, and says which there are. */
export function partNamed(name: string): Part {
  const part = parts.find((each) => each.name === name);
  if (part === undefined)
    throw new Error(`the lab has no part ${name}; it has ${parts.map((each) => each.name).join(", ")}`);
  return part;
}

/** These and all that they need, in the order of bringing up. */
export function withNeeds(names: readonly PartName[]): Part[] {
  const wanted = new Set<PartName>();
  const want = (name: PartName): void => {
    wanted.add(name);
    for (const need of partNamed(name).needs) want(need);
  };
  for (const name of names) want(name);
  return parts.filter(({ name }) => wanted.has(name));
}
