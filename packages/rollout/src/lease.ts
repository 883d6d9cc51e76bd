import type { Clock } from "./clock.ts";
import { RolloutError } from "./error.ts";
import { stepText } from "./resume.ts";
import type { Lease, Ledger } from "./target.ts";

/** A lease that renews itself in the background until it is given back or lost. */
export interface HeldLease {
  lease: Lease;
  /** Aborts with a RolloutError `lease-lost` that names who took over. From then on the target is not ours to touch. */
  lost: AbortSignal;
  /** Stops renewing, and gives the lease back unless it was lost. With a rollout still open the guard restores
   * stable, as it would had this process died. */
  release(): Promise<void>;
  /** Stops renewing only: the guard acts when the time is up. */
  abandon(): void;
}

/** Renewed at a quarter of its life, so that two renewals in a row may fail. */
const renewalsPerLife = 4;
/** Where little of its life is left. */
const leastPauseMs = 250;

/**
 * Takes the lease and keeps it. When a renewal says that another holds it, or none came through for as long as it
 * lives, it is lost: the guard has restored stable by then, and going on would fight it.
 *
 * @throws RolloutError `lease-held` naming the holder
 */
export async function holdLease(
  ledger: Ledger,
  clock: Clock,
  request: { holder: string; rollout: string; ttlMs: number; seize?: boolean },
  onTrouble: (message: string) => void,
): Promise<HeldLease> {
  const stopped = new AbortController();
  const lost = new AbortController();
  /** By the clock that is waited by. What the place says is left counts, not when it was asked: taking the lease may take
   * longer than its life, as long as a guard has to start, and an answer may have been long under way. */
  const endOf = ({ leftMs, expiresAt }: Lease) =>
    leftMs === undefined ? expiresAt : clock.now() + Math.max(0, leftMs);
  const lease = await ledger.hold(request);
  const renewing = renew(endOf(lease));

  async function renew(heldUntil: number): Promise<void> {
    let until = heldUntil;
    const { holder, rollout, ttlMs } = request;
    for (;;) {
      const leftMs = until - clock.now();
      const pauseMs = Math.max(leastPauseMs, Math.min(ttlMs / renewalsPerLife, leftMs / 2));
      await clock.sleep(Math.max(0, Math.min(pauseMs, leftMs)), stopped.signal);
      if (stopped.signal.aborted) {
        return;
      }
      const answer = await withinLife(ledger.hold({ holder, rollout, ttlMs }), until - clock.now());
      if ("expiresAt" in answer && answer.acquiredAt === lease.acquiredAt) {
        until = endOf(answer);
      } else if ("expiresAt" in answer) {
        // It was free and is new: between two renewals another had it, or it ran out and the guard acted.
        await ledger.release(rollout).catch(() => {});
        lost.abort(await takenOver(ledger, rollout, new Error("it was free for a while")));
        return;
      } else if (isTaken(answer)) {
        lost.abort(await takenOver(ledger, rollout, answer));
        return;
      } else if (clock.now() >= until) {
        lost.abort(outlived(rollout, ttlMs, answer));
        return;
      } else {
        const seconds = Math.ceil((until - clock.now()) / 1000);
        onTrouble(
          `the lease could not be renewed: ${answer.message}. It is tried again for ${seconds} s; after that this run changes nothing any more, and to restore stable is the guard's.`,
        );
      }
    }
  }

  /** An answer that comes after the lease's life is no answer. */
  async function withinLife(hold: Promise<Lease>, leftMs: number): Promise<Lease | Error> {
    const answered = new AbortController();
    const renewed = hold.catch((error: Error) => error);
    const late = clock
      .sleep(Math.max(0, leftMs), AbortSignal.any([answered.signal, stopped.signal]))
      .then(() => new Error("no answer in time"));
    const answer = await Promise.race([renewed, late]);
    answered.abort();
    return answer;
  }

  return {
    lease,
    lost: lost.signal,
    abandon: () => stopped.abort(),
    async release() {
      stopped.abort();
      await renewing;
      if (!lost.signal.aborted) {
        await ledger.release(request.rollout);
      }
    },
  };
}

export function isTaken(error: unknown): boolean {
  return error instanceof RolloutError && (error.code === "lease-held" || error.code === "lease-lost");
}

/** The one error for having lost the lease, whether a renewal, the journal or the target said so first. Names who
 * has it now, or who had it meanwhile. */
export async function takenOver(ledger: Ledger, rollout: string, cause: Error): Promise<RolloutError> {
  const taker = await whoTookOver(ledger, rollout).catch(() => null);
  return new RolloutError(
    "lease-lost",
    `Rollout ${rollout} stopped, because it no longer holds the lease: ${taker ?? cause.message}`,
    "Nothing was changed after that. See the other run for what serves now; deploy again when it is done.",
    { cause },
  );
}

async function whoTookOver(ledger: Ledger, rollout: string): Promise<string | null> {
  const lease = await ledger.lease();
  if (lease !== null && lease.rollout !== rollout) {
    return `${lease.holder} took over with rollout ${lease.rollout}`;
  }
  const last = (await ledger.journal()).at(-1);
  return last === undefined || last.rollout === rollout
    ? null
    : `${last.holder} took over with rollout ${last.rollout}, by now at "${stepText(last.step)}"`;
}

function outlived(rollout: string, ttlMs: number, cause: Error): RolloutError {
  return new RolloutError(
    "lease-lost",
    `Rollout ${rollout} stopped, because its lease could not be renewed for ${ttlMs / 1000} s: ${cause.message}`,
    "The guard beside the target restores stable. Check that the target can be reached, then deploy again.",
    { cause },
  );
}
