/** The proof for servers that do not name themselves in their answers: what their pods count while we ask. */
import { setTimeout as sleep } from "node:timers/promises";
import { agrees, type Moved, movedBetween, oursAgree } from "./moved.ts";
import type { Probe, Witness } from "./probe.ts";
import type { ShareClaim } from "./prove.ts";

/** `no`: the counts are those of another split. `again`: this round says nothing, another may. */
export type Counted =
  | { proven: "yes" }
  | { proven: "no" | "again"; why: string }
  /** There is nothing to measure by. */
  | { proven: "never"; why: string };

/** What others ask meanwhile is waited for where the servers do not count what we ask. */
const patienceMs = 10_000;
/** Counters may rise a moment after the answer. */
const lookEveryMs = 200;
/** What routes has done by then what it accepted. */
const keptMs = 5_000;
const fewest = 30;
/** No server has it, so that it costs no inference and none of the kubelet's probes ask for it. */
const countedPath = "/ml-actions";

/** One round: looks, asks, looks again until the counters hold what was asked.
 * @param sinceMs how long the proof has been going */
export async function proveByCounts(
  probe: Probe,
  witness: Witness,
  claim: ShareClaim,
  { count, sinceMs }: { count: number; sinceMs: number },
): Promise<Counted> {
  const { request, url, candidatePercent } = claim;
  const path = claim.countedPath ?? countedPath;
  const before = await witness.look(request.path);
  if (typeof before === "string") return { proven: "never", why: before };
  const begun = performance.now();
  const seen = await probe.ask(url, { ...request, path, count });
  const failed = [...seen.keys()].find((who) => who.startsWith("["));
  if (failed !== undefined) return { proven: "again", why: `requests were answered with ${failed}` };
  let moved: Moved | null = null;
  for (;;) {
    await sleep(lookEveryMs);
    const after = await witness.look(request.path);
    if (typeof after === "string") return { proven: "again", why: after };
    const seconds = (performance.now() - begun) / 1000;
    const now = movedBetween(before, after, seconds);
    if (now === null) return { proven: "again", why: "pods came, went or began to count anew meanwhile" };
    if (typeof now === "string") return { proven: "never", why: now };
    moved = now;
    if (moved.stable + moved.candidate >= count || seconds * 1000 > patienceMs) break;
  }
  return judged(moved, witness, claim, { count, sinceMs, share: candidatePercent / 100 });
}

function judged(
  moved: Moved,
  { say }: Witness,
  { url }: ShareClaim,
  { count, sinceMs, share }: { count: number; sinceMs: number; share: number },
): Counted {
  const { stable, candidate, by } = moved;
  const total = stable + candidate;
  const told = `pods counted ${candidate} of ${total} requests for the candidate (${by})`;
  if (total === 0)
    return { proven: "never", why: `no request was counted by ${by}, neither ours nor users'` };
  if (agrees(moved, { count, share })) {
    if (total < Math.min(count, fewest))
      say(`who answers at ${url} is known of ${total} requests alone: ${told}`);
    return { proven: "yes" };
  }
  if (sinceMs > keptMs && oursAgree(moved, { count, share })) {
    say(
      `${told}; that fits the ${count} of ours, and not users': they reach these pods past what routes, or on connections that they keep`,
    );
    return { proven: "yes" };
  }
  return { proven: "no", why: told };
}
