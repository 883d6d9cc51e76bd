/** A lease that somebody has may be that of a runner that died: waits long enough to know. */
import type { Clock } from "./clock.ts";
import { RolloutError } from "./error.ts";
import { type HeldLease, holdLease } from "./lease.ts";
import type { Lease, Ledger } from "./target.ts";

/** Between two looks at a lease that another has. */
const lookEveryMs = 500;
/** After its end, for the guard to restore stable. */
const afterEndMs = 1_000;
/** A guard that is at it longer has trouble, which its lease tells the reader of. */
const guardMs = 90_000;

/**
 * As `holdLease`, but while another holds it, waits for its end; one that is renewed meanwhile has a living holder,
 * and is refused at once. A guard is waited for while it restores stable.
 *
 * @throws RolloutError `lease-held` naming the living holder
 */
export async function awaitLease(
  ledger: Ledger,
  clock: Clock,
  request: Parameters<typeof holdLease>[2],
  onTrouble: (message: string) => void,
  signal?: AbortSignal,
): Promise<HeldLease> {
  let first: Lease | null = null;
  let endsAt = Number.POSITIVE_INFINITY;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await holdLease(ledger, clock, request, onTrouble);
    } catch (error) {
      if (!(error instanceof RolloutError) || error.code !== "lease-held") throw error;
      const other = await ledger.lease();
      const renewed = first !== null && other?.rollout === first.rollout && other.expiresAt > first.expiresAt;
      const outlived = clock.now() > endsAt + afterEndMs;
      if ((renewed && first?.guard !== true) || outlived) throw error;
      if (other !== null && (first === null || (other.guard === true && first.guard !== true))) {
        first = other;
        const leftMs = Math.max(0, other.leftMs ?? other.expiresAt - clock.now());
        endsAt = clock.now() + (other.guard === true ? guardMs : leftMs);
        onTrouble(
          other.guard === true
            ? `${other.holder} is restoring stable: waiting for it`
            : `${other.holder} has the lease for ${Math.ceil(leftMs / 1000)} s more: waiting to see whether it still lives`,
        );
      }
      await clock.sleep(lookEveryMs, signal);
    }
  }
}
