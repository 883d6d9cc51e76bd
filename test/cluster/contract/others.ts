/** What somebody who knows nothing of the rollout does to its split, with kubectl. */
import type { KubeObject } from "@ml-actions/cluster/types";
import type { TestNamespace } from "../namespace.ts";

const patch = (namespace: TestNamespace, what: string, spec: unknown) =>
  namespace.kubectl(["patch", what, "--type=merge", "-p", JSON.stringify({ spec })]);

interface Weighted {
  weight?: number;
}

/** Every HTTPRoute that has two backends. */
export async function lowerWeights(namespace: TestNamespace): Promise<void> {
  const listed = await namespace.kubectl(["get", "httproutes", "-o", "json"]);
  for (const { metadata, spec } of (JSON.parse(listed) as { items: KubeObject[] }).items) {
    const { rules } = spec as { rules: { backendRefs?: Weighted[] }[] };
    const split = rules.filter(({ backendRefs = [] }) => backendRefs.length === 2);
    for (const { backendRefs = [] } of split) weigh(backendRefs);
    if (split.length > 0) await patch(namespace, `httproute/${metadata.name}`, { rules });
  }
}

export async function lowerVirtualWeights(namespace: TestNamespace): Promise<void> {
  const { spec } = (await namespace.get("virtualservice", "flights")) as KubeObject;
  const { http } = spec as { http: { route: Weighted[] }[] };
  for (const { route } of http) weigh(route);
  await patch(namespace, "virtualservice/flights", { http });
}

/** Stable is the first of two. */
function weigh([stable, candidate]: Weighted[]): void {
  Object.assign(stable ?? {}, { weight: 99 });
  Object.assign(candidate ?? {}, { weight: 1 });
}

export async function lowerPercents(namespace: TestNamespace): Promise<void> {
  const { spec } = (await namespace.get("ksvc", "flights")) as KubeObject;
  const { traffic } = spec as { traffic: { percent?: number }[] };
  const shared = traffic.filter(({ percent = 0 }) => percent > 0);
  for (const [index, entry] of shared.entries()) entry.percent = index === 0 ? 99 : 1;
  await patch(namespace, "ksvc/flights", { traffic });
}

/** Where shares are counts of pods: the candidate's are taken out of the Service. */
export async function takeLabelsAway(namespace: TestNamespace): Promise<void> {
  const candidates = ["-l", "ml-actions.github.io/side=candidate"];
  await namespace.kubectl(["label", "pods", ...candidates, "app=nobody", "--overwrite"]);
}
