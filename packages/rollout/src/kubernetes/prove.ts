/** The proof that answers have the shares that were routed. */
import { RolloutError } from "../error.ts";
import { type Probe, type ProbeRequest, unnamed } from "./probe.ts";

export interface ShareClaim {
  url: string;
  request: Omit<ProbeRequest, "count">;
  /** Digest; null: none. */
  stable: string | null;
  candidate: string | null;
  candidatePercent: number;
  /** A stable that was there before us does not name itself: answers without a name are its own. */
  stableIsUnnamed: boolean;
  timeoutMs: number;
}

const betweenMs = 300;
/** For a share of 0 or 100 % every answer must fit; between them the count bounds how far off goes unseen: of 400, 10 %
 * is told from 5 % and from 17 %. */
const count = (percent: number) => (percent === 0 || percent === 100 ? 100 : 400);

/** Resolves when a whole sample fits; rejects with `not-routed` when none did in time. */
export async function proveShares(probe: Probe, claim: ShareClaim): Promise<void> {
  const deadline = performance.now() + claim.timeoutMs;
  for (;;) {
    const seen = await probe.ask(claim.url, { ...claim.request, count: count(claim.candidatePercent) });
    if (fits(seen, claim)) return;
    if (performance.now() > deadline) throw notRouted(seen, claim);
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
  }
}

/** Pure. Whether these answers may come from that split: all named by the two sides, and the candidate's count within
 * what a binomial gives in 999 of 1000 samples. */
export function fits(seen: ReadonlyMap<string, number>, claim: ShareClaim): boolean {
  const { stable, candidate, candidatePercent, stableIsUnnamed } = claim;
  const total = [...seen.values()].reduce((sum, each) => sum + each, 0);
  const stables = (seen.get(stable ?? "[none]") ?? 0) + (stableIsUnnamed ? (seen.get(unnamed) ?? 0) : 0);
  const candidates = candidate === stable ? 0 : (seen.get(candidate ?? "[none]") ?? 0);
  if (total === 0 || stables + candidates !== total) return false;
  // While stable's own workload takes the candidate's release over, both sides have one name.
  if (candidate === stable) return true;
  return withinBinomial(candidates, total, candidatePercent / 100);
}

/** Exact two-sided check of a count against a binomial: each tail may hold 0.05 %. Terms by logarithms, so that none
 * underflows for the counts used here (hundreds). */
export function withinBinomial(successes: number, trials: number, share: number): boolean {
  if (share <= 0) return successes === 0;
  if (share >= 1) return successes === trials;
  let logTerm = trials * Math.log1p(-share);
  let below = 0;
  let upTo = 0;
  for (let k = 0; k <= successes; k++) {
    const term = Math.exp(logTerm);
    if (k < successes) below += term;
    upTo += term;
    logTerm += Math.log((trials - k) / (k + 1)) + Math.log(share) - Math.log1p(-share);
  }
  const tail = 0.0005;
  return upTo >= tail && 1 - below >= tail;
}

function notRouted(seen: ReadonlyMap<string, number>, claim: ShareClaim): RolloutError {
  const { stable, candidate, candidatePercent, url } = claim;
  const nameOf = (who: string) => {
    if (who === candidate) return "candidate";
    if (who === stable) return "stable";
    return who === unnamed ? "nobody that names itself" : who.slice(0, 80);
  };
  const shares = [...seen].map(([who, times]) => `${nameOf(who)} ${times}`).join(", ");
  const nameless = (seen.get(unnamed) ?? 0) > 0;
  return new RolloutError(
    "not-routed",
    `Requests to ${url} do not have the shares that were routed: ${candidatePercent} % for the candidate was accepted, and answers come from: ${shares || "nobody"}.`,
    nameless
      ? "The server must answer with the header x-ml-release and the value of its environment's ML_RELEASE; without, nobody can tell who answered."
      : "See who else routes this traffic (another route, a cache, sticky sessions), and what answers the errors; stable is restored.",
  );
}
