/** What is wrong with what the objects say while a candidate has traffic. Pure. */
import type { Author, Situation } from "./target.ts";

export interface Finding {
  /** When it was first seen, by the runner's clock: milliseconds since 1970. */
  since: number;
  /** A sentence for a person. */
  text: string;
}

/** null: not so. */
export interface Sight {
  /** Nothing of the candidate is ready: its part of the requests fails. */
  candidateDown: Finding | null;
  /** Nothing of stable is ready: there is nothing to go back to. */
  stableDown: Finding | null;
  /** The split is not the one that the rollout gave, and it was another's act. */
  edited: Finding | null;
}

export const allWell: Sight = { candidateDown: null, stableDown: null, edited: null };

/** Percentage points. What counts of pods, or a router's own units, can be off. */
const tolerancePoints = 1;

/**
 * @param given what the rollout gave: the candidate and its share in percent
 * @param before what was found at the look before, whose times stay
 */
export function sightOf(
  { stable, candidate, candidatePercent, ready, why = {}, splitBy, strangers = [] }: Situation,
  given: { digest: string; weight: number },
  now: number,
  before: Sight,
): Sight {
  const found = (kind: keyof Sight, say: (at: string) => string): Finding => {
    const since = before[kind]?.since ?? now;
    return { since, text: say(clockTime(since)) };
  };
  const because = (reason: string | undefined) => (reason === undefined ? "" : `: ${reason}`);
  const gone = candidate?.digest !== given.digest;
  const down = gone || !ready.candidate;
  const upset = { share: candidatePercent, strangers };
  return {
    candidateDown: down
      ? found("candidateDown", (at) =>
          gone
            ? `the candidate is not there any more since ${at}${because(why.candidate)}`
            : `the candidate has no ready pod since ${at}${because(why.candidate)}`,
        )
      : null,
    stableDown:
      stable !== null && ready.stable
        ? null
        : found("stableDown", (at) => `stable has no ready pod since ${at}${because(why.stable)}`),
    edited:
      gone || !isEdited(upset, given.weight, splitBy)
        ? null
        : found("edited", () => editText(upset, given.weight, splitBy)),
  };
}

interface Split {
  share: number;
  strangers: readonly string[];
}

/** A share that moves under a split of ours is that of pods which come and go: autoscalers may. */
function isEdited({ share, strangers }: Split, weight: number, by: Author | undefined): boolean {
  if (by?.ours === true) return false;
  return strangers.length > 0 || Math.abs(share - weight) > tolerancePoints;
}

function editText({ share, strangers }: Split, weight: number, by: Author | undefined): string {
  const at = by?.at === null || by?.at === undefined ? "" : ` at ${clockTime(by.at)}`;
  const who = by === undefined ? "somebody, whom the target cannot name," : `somebody else (${by.who}${at})`;
  const what = [
    ...(Math.abs(share - weight) > tolerancePoints
      ? [`${share < weight ? "lowered" : "raised"} the candidate's share from ${weight} % to ${share} %`]
      : []),
    ...(strangers.length > 0 ? [`gave a share of the traffic to ${strangers.join(", ")}`] : []),
  ];
  return `${who} ${what.join(" and ")}`;
}

/** What both looks found. A single look may fall into the middle of a change. */
export function inBoth(first: Sight, second: Sight): Sight {
  const both = (kind: keyof Sight) => (first[kind] === null ? null : second[kind]);
  return { candidateDown: both("candidateDown"), stableDown: both("stableDown"), edited: both("edited") };
}

/** To the second, in UTC. */
function clockTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 19)} UTC`;
}
