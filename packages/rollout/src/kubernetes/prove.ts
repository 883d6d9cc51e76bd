/** The proof that answers have the shares that were routed. */
import { RolloutError } from "../error.ts";
import { withinBinomial } from "./binomial.ts";
import { type Probe, type ProbeRequest, unnamed } from "./probe.ts";
import { type Counted, proveByCounts } from "./prove-by-counts.ts";
import { unseen } from "./refusals.ts";

export interface ShareClaim {
  url: string;
  request: Omit<ProbeRequest, "count">;
  /** What is asked for where pods shall count it: the route takes it, and no probe asks for it. */
  countedPath?: string;
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

/** How long a router may take to do what it accepted, where nobody can see it. */
export const unseenMs = 5_000;

/** Resolves when a whole sample fits. Servers that do not name themselves are told apart by what their pods count; where
 * they count nothing either, it says so and resolves all the same: the route was taken and is answered, which is all
 * that can be known. Rejects with `not-routed` when nothing fitted in time. */
export async function proveShares(probe: Probe, claim: ShareClaim): Promise<void> {
  const begun = performance.now();
  for (;;) {
    const sample = { count: count(claim.candidatePercent), sinceMs: performance.now() - begun };
    const seen = await probe.ask(claim.url, { ...claim.request, count: sample.count });
    const told = fits(seen, claim);
    if (told && !(await isDoubtful(probe, seen, claim))) return;
    const nameless = isNameless(seen, claim);
    const counted = nameless ? await byCounts(probe, claim, sample) : null;
    if (counted?.proven === "yes") return;
    if (counted?.proven === "never") return unproven(probe, claim, counted.why);
    if (performance.now() - begun > claim.timeoutMs) throw notRouted(seen, claim, counted?.why);
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
  }
}

/** Whether these answers do not tell the candidate from stable: none has its name, though some have none. */
function isNameless(seen: ReadonlyMap<string, number>, { stable, candidate }: ShareClaim): boolean {
  const others = [...seen.keys()].filter((who) => who !== unnamed && who !== stable);
  return seen.has(unnamed) && others.length === 0 && candidate !== null && candidate !== stable;
}

/** At 0 %: answers without a name are those of a stable that has none, unless the candidate has none either. */
async function isDoubtful(
  probe: Probe,
  seen: ReadonlyMap<string, number>,
  claim: ShareClaim,
): Promise<boolean> {
  const { candidate, request } = claim;
  if (!isNameless(seen, claim) || candidate === null || probe.witness === undefined) return false;
  return (await probe.witness.candidateNames(candidate, request.path)) !== true;
}

async function byCounts(
  probe: Probe,
  claim: ShareClaim,
  sample: { count: number; sinceMs: number },
): Promise<Counted> {
  if (probe.witness === undefined)
    return { proven: "never", why: "the pods' counts cannot be read from here" };
  return proveByCounts(probe, probe.witness, claim, sample);
}

async function unproven(probe: Probe, { url, candidatePercent }: ShareClaim, why: string): Promise<void> {
  const what = `Who answers at ${url} cannot be seen: answers have no x-ml-release, and ${why}. That the candidate gets ${candidatePercent} % is routed and answered, and not measured.`;
  if (probe.witness === undefined) throw unseen(what);
  probe.witness.say(`${what} Waiting ${unseenMs / 1000} s for what routes.`);
  await new Promise((resolve) => setTimeout(resolve, unseenMs));
}

/** Pure. Whether these answers may come from that split: all named by the two sides, and the candidate's count within
 * what a binomial gives in 999 of 1000 samples. */
export function fits(seen: ReadonlyMap<string, number>, claim: ShareClaim): boolean {
  const { stable, candidate, candidatePercent, stableIsUnnamed } = claim;
  const total = [...seen.values()].reduce((sum, each) => sum + each, 0);
  const isOne = candidate === null || candidate === stable;
  const nameless = stableIsUnnamed || isOne ? (seen.get(unnamed) ?? 0) : 0;
  const stables = (seen.get(stable ?? "[none]") ?? 0) + nameless;
  const candidates = candidate === stable ? 0 : (seen.get(candidate ?? "[none]") ?? 0);
  if (total === 0 || stables + candidates !== total) return false;
  // While stable's own workload takes the candidate's release over, both sides have one name.
  if (candidate === stable) return true;
  return withinBinomial(candidates, total, candidatePercent / 100);
}

function notRouted(seen: ReadonlyMap<string, number>, claim: ShareClaim, counted?: string): RolloutError {
  const { stable, candidate, candidatePercent, url } = claim;
  const nameOf = (who: string) => {
    if (who === candidate) return "candidate";
    if (who === stable) return "stable";
    return who === unnamed ? "nobody that names itself" : who.slice(0, 80);
  };
  const shares = [...seen].map(([who, times]) => `${nameOf(who)} ${times}`).join(", ");
  const nameless = (seen.get(unnamed) ?? 0) > 0;
  const counts = counted === undefined ? "" : `; ${counted}`;
  return new RolloutError(
    "not-routed",
    `Requests to ${url} do not have the shares that were routed: ${candidatePercent} % for the candidate was accepted, and answers come from: ${shares || "nobody"}${counts}.`,
    nameless
      ? "See who else reaches these pods and what routes. Answers with the header x-ml-release and the value of the environment's ML_RELEASE would say who answers without counting."
      : "See who else routes this traffic (another route, a cache, sticky sessions), and what answers the errors; stable is restored.",
  );
}
