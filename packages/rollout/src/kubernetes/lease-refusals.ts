/** What a lease refuses, in the reader's words. */
import { z } from "zod";
import { RolloutError } from "../error.ts";
import type { Session } from "../schemas.ts";
import type { Lease } from "../target.ts";
import type { Heartbeat } from "./lease-object.ts";

export function leaseHeld(lease: Lease, heartbeat: Heartbeat | null): RolloutError {
  const until = new Date(lease.expiresAt).toISOString();
  const trouble =
    lease.guard && heartbeat?.trouble ? ` It cannot restore stable yet: ${heartbeat.trouble}` : "";
  return new RolloutError(
    "lease-held",
    `${lease.holder} holds the lease for rollout ${lease.rollout} until ${until}.${trouble}`,
    "Wait until that rollout has ended (an unrenewed lease ends by itself), or roll back, which seizes it.",
  );
}

export function leaseLost(session: Session, why: string): RolloutError {
  return new RolloutError(
    "lease-lost",
    `Rollout ${session.rollout} of ${session.holder} does not hold the lease: ${why}.`,
    "Read the journal for what became of it, then start a new rollout.",
  );
}

export function noLease(): RolloutError {
  return new RolloutError(
    "lease-lost",
    "No lease is held, so nobody would restore stable if this run vanished.",
    "Take the lease (`ledger.hold`) before giving a candidate traffic.",
  );
}

export function notValid(what: string, error: z.ZodError): RolloutError {
  return new RolloutError(
    "invalid",
    `${what} is not valid:\n${z.prettifyError(error)}`,
    "Correct what is named; see the types of the rollout package.",
  );
}

/** Rejects who may not act while `living` is the lease: with `lease-held` a stranger, with `lease-lost` one whose lease
 * ended or was seized, and with `needsLease` also one who never had any. */
export function authorise(
  living: Lease | null,
  heartbeat: Heartbeat | null,
  session: Session | null,
  needsLease: boolean,
): void {
  if (living !== null && session !== null) {
    if (isSession(living, session)) return;
    throw leaseLost(session, `it is held by ${living.holder} for rollout ${living.rollout}`);
  }
  if (living !== null) throw leaseHeld(living, heartbeat);
  if (session !== null) throw leaseLost(session, "it expired or was given back, and stable was restored");
  if (needsLease) throw noLease();
}

export function isSession(lease: Lease, session: Session): boolean {
  return lease.rollout === session.rollout && lease.holder === session.holder;
}
