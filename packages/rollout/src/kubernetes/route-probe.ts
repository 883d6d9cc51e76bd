/** A request that a route's rule takes and that costs no inference. Pure. */
import type { ProbeRequest } from "./probe.ts";
import type { Rule } from "./route.ts";
import type { Container } from "./workload.ts";

/** The readiness path where the rule lets it through; else a path of the rule's own, with the method and headers that it
 * asks for: whatever the server answers, it names itself. */
export function probeRequest(rule: Rule, container: Container): Omit<ProbeRequest, "count"> {
  const ready = container.readinessProbe?.httpGet?.path ?? "/";
  const [match] = [...rule.matches].sort((left, right) => demands(left) - demands(right));
  if (match === undefined) return { path: ready };
  const { type = "PathPrefix", value = "/" } = match.path ?? {};
  const headers = Object.fromEntries(
    match.headers.filter((each) => each.type === "Exact").map((each) => [each.name, each.value]),
  );
  return {
    path: type === "PathPrefix" && isUnder(ready, value) ? ready : value,
    ...(match.method !== undefined && { method: match.method }),
    ...(match.headers.length > 0 && { headers }),
  };
}

/** A path that the rule takes too, and that no probe asks for: pods that count requests count it as one of them. */
export function countedPath(rule: Rule): string {
  const [match] = [...rule.matches].sort((left, right) => demands(left) - demands(right));
  const { type = "PathPrefix", value = "/" } = match?.path ?? {};
  return type === "PathPrefix" ? `${value.replace(/\/$/, "")}/ml-actions` : value;
}

const demands = ({ headers, method }: Rule["matches"][number]) =>
  headers.length + (method === undefined ? 0 : 1);

/** Prefixes of the Gateway API end at a `/`. */
function isUnder(path: string, prefix: string): boolean {
  const bare = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  return path === bare || path.startsWith(`${bare}/`);
}
