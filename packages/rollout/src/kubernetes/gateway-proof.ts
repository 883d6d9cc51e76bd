/** The proof of an HTTPRoute's shares: by every Gateway that leads to it, as far as it can be seen. */
import { entrancesOf } from "./gateway-parent.ts";
import { isUnnamed, type Pair } from "./pair.ts";
import type { PlatformContext } from "./platforms.ts";
import { proveShares } from "./prove.ts";
import { isUnseen } from "./refusals.ts";
import type { Route } from "./route.ts";
import { countedPath, probeRequest } from "./route-probe.ts";

const routeTimeoutMs = 30_000;

/** Rejects with `not-routed`, and with `unreachable` where nobody can ask by any of them. */
export async function proveByGateways(
  { api, probe, options, onTrouble }: PlatformContext,
  { route, stableSide, candidateSide, container }: Pair & { route: Route },
  candidatePercent: number,
): Promise<void> {
  const { entrances, missed } = await entrancesOf(api, route);
  const claim = {
    countedPath: countedPath(route.rule),
    stable: stableSide?.release.digest ?? null,
    candidate: candidateSide?.release.digest ?? null,
    candidatePercent,
    stableIsUnnamed: isUnnamed(container),
    timeoutMs: options.routeTimeoutMs ?? routeTimeoutMs,
  };
  for (const [at, { url, host }] of entrances.entries()) {
    const request = { ...probeRequest(route.rule, container), ...(host !== undefined && { host }) };
    const proven = proveShares(probe, { ...claim, url, request });
    await (at === 0 ? proven : proven.catch(unlessSeen(missed)));
  }
  for (const why of missed) onTrouble(`shares were measured by another of its Gateways: ${why}`);
}

/** Shares that were measured by one Gateway are those of the route; another that cannot be asked is told of. */
function unlessSeen(missed: string[]) {
  return (error: unknown) => {
    if (!isUnseen(error)) throw error;
    missed.push(error.message);
  };
}
