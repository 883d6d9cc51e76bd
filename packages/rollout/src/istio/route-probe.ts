/** A request that a VirtualService's route takes. Pure. */
import type { HttpRoute } from "./virtual-service.ts";

/** A request that the route takes and that costs no inference.
 * @param ready path of the readiness probe */
export function probeRequest(
  { match }: Pick<HttpRoute, "match">,
  ready: string,
): { path: string; method?: string; headers?: Record<string, string> } {
  const easiest = easiestOf(match);
  if (easiest === undefined) return { path: ready };
  const { uri, method, headers } = easiest;
  const exact = Object.entries(headers).map(
    ([name, text]) => [name, text.exact ?? text.prefix ?? "1"] as const,
  );
  const path = uri?.exact ?? (uri?.prefix === undefined || ready.startsWith(uri.prefix) ? ready : uri.prefix);
  return {
    path,
    ...(method?.exact !== undefined && { method: method.exact }),
    ...(exact.length > 0 && { headers: Object.fromEntries(exact) }),
  };
}

/** A path that the route takes too, and that no probe asks for: pods that count requests count it as one of them. */
export function countedPath({ match }: Pick<HttpRoute, "match">): string {
  const { uri } = easiestOf(match) ?? {};
  return uri?.exact ?? `${(uri?.prefix ?? "/").replace(/\/$/, "")}/ml-actions`;
}

function easiestOf(match: HttpRoute["match"]): HttpRoute["match"][number] | undefined {
  const demands = (each: HttpRoute["match"][number]) =>
    Object.keys(each.headers).length + (each.method === undefined ? 0 : 1);
  return [...match].sort((left, right) => demands(left) - demands(right))[0];
}
