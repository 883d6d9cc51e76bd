/** What the place refuses, in the reader's words. */
import { RolloutError } from "../error.ts";
import type { Release } from "../target.ts";

export function alreadyStable(release: Release): RolloutError {
  return new RolloutError(
    "already-stable",
    `${release.label} (${release.digest}) is stable here already and has all the traffic.`,
    "There is nothing to roll out; deploy another release.",
  );
}

export function noCandidate(what: string): RolloutError {
  return new RolloutError(
    "no-candidate",
    `Cannot ${what}: no candidate runs here.`,
    "Prepare a candidate first; if there was one, the journal says who restored stable and why.",
  );
}

export function superseded(): RolloutError {
  return new RolloutError(
    "superseded",
    "Stable was restored while the candidate was about to get traffic.",
    "See the journal for who restored it and why.",
  );
}

export function hasTraffic(candidate: Release, percent: number): RolloutError {
  return new RolloutError(
    "conflict",
    `${candidate.label} is the candidate and has ${percent} % of the traffic.`,
    "Promote or restore it before another candidate is prepared.",
  );
}

export function noStable(what: string): RolloutError {
  return new RolloutError(
    "no-stable",
    `Cannot ${what}: nothing is stable here yet, so there is nobody to share the traffic with.`,
    "Promote the candidate: the first release gets all traffic.",
  );
}

export function notReady(candidate: Release, crashes: number): RolloutError {
  return new RolloutError(
    "not-ready",
    `The candidate ${candidate.label} does not answer its readiness probe (it crashed ${crashes} times).`,
    "Read its log in the state directory, restore stable, and deploy a release that stays up.",
  );
}
