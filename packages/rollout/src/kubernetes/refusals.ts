/** What a target on a cluster refuses, in the reader's words. */
import { RolloutError } from "../error.ts";
import type { Release } from "../target.ts";

export { alreadyStable, hasTraffic, noCandidate, noStable } from "../local/refusals.ts";

/** @param seen what its pods say, and what was met because of it */
export function notUp(
  { label }: Release,
  seen: { why?: string | undefined; cause?: RolloutError } = {},
): RolloutError {
  const { why, cause } = seen;
  const words = [why, cause?.message].filter((each) => each !== undefined).join(" — ");
  return new RolloutError(
    "not-ready",
    `The candidate ${label} was ready and is not any more${words === "" ? "." : `: ${words}`}`,
    "See what its pods say (kubectl describe pod, kubectl logs --previous), and deploy a release that stays up.",
    cause === undefined ? {} : { cause },
  );
}

/** What is routed where could not be seen: no measurement, in place of one that says no. */
export function unseen(what: string, cause?: unknown): RolloutError {
  return new RolloutError(
    "unreachable",
    what,
    "Run where that address can be reached, or with a guard, which asks from inside the cluster.",
    cause === undefined ? {} : { cause },
  );
}

export function isUnseen(error: unknown): error is RolloutError {
  return error instanceof RolloutError && error.code === "unreachable";
}

export function conflict(message: string, remedy: string): RolloutError {
  return new RolloutError("conflict", message, remedy);
}

export function invalid(message: string, remedy: string): RolloutError {
  return new RolloutError("invalid", message, remedy);
}
