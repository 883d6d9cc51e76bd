/** Where it happened, who watched, and how long the way from the verdict to 100 % was. */

import type { ClusterFacts } from "../cluster-inputs.ts";
import { duration } from "../figures.ts";
import type { RolloutReportInput } from "../inputs.ts";
import { code, text } from "./markdown.ts";

/** null where there is nothing beyond what the first lines say. */
export function placeLine({
  target,
  resource,
  cluster,
  outcome,
}: Pick<RolloutReportInput, "target" | "resource" | "cluster"> & {
  outcome?: RolloutReportInput["outcome"];
}): string | null {
  const where = cluster === undefined ? [] : [clusterWords(target, resource, cluster)];
  const settled = outcome?.settledMs === undefined ? [] : [`100\u00a0% ${settledWords(outcome.settledMs)}`];
  const parts = [...where, ...settled];
  return parts.length === 0 ? null : `**Where:** ${parts.join(" · ")}`;
}

function clusterWords(target: string, resource: string, { namespace, name, guard }: ClusterFacts): string {
  return `${code(resource, 300)} in ${code(namespace, 80)} (${text(target, 40)}, ${code(name, 120)}) · guard ${text(guard, 200)}`;
}

/** `3.2 s after the verdict`. */
export function settledWords(ms: number): string {
  const took = ms < 60_000 ? `${(ms / 1000).toFixed(1)}\u00a0s` : duration(ms);
  return `${took} after the verdict`;
}
