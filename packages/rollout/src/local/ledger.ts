/**
 * Lease, journal and history of one place, and the guard: the moment a lease ends with its rollout open, stable is
 * restored here, beside the traffic, whatever became of the runner.
 */
import { RolloutError } from "../error.ts";
import type { HistoryEntry, JournalEntry, JournalStep, Lease } from "../target.ts";
import type { JournalFile } from "./journal-file.ts";
import type { Session } from "./schemas.ts";
import type { StateFile } from "./state-file.ts";

export interface LeaseRequest extends Session {
  ttlMs: number;
  seize?: boolean | undefined;
}

/** What the guard does to the traffic. */
export interface Guarded {
  hasCandidate(): boolean;
  /** Switches at once, then waits for the disk. */
  restore(): Promise<void>;
}

export class PlaceLedger {
  readonly #state: StateFile;
  readonly #journal: JournalFile;
  readonly #guarded: Guarded;
  readonly #log: (line: string) => void;
  #lease: Lease | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** The guard's last run: whoever asks next asks after it. */
  #guarding: Promise<void> = Promise.resolve();

  constructor(state: StateFile, journal: JournalFile, guarded: Guarded, log: (line: string) => void) {
    this.#state = state;
    this.#journal = journal;
    this.#guarded = guarded;
    this.#log = log;
  }

  /** After the supervisor's own start, with stable at 100 %: no lease survives it, and no open rollout. */
  async resume(): Promise<void> {
    await this.#state.update({ lease: null });
    if (this.#journal.openRollout !== null || this.#journal.held)
      await this.#close("the supervisor was restarted");
  }

  async lease(): Promise<Lease | null> {
    await this.#guarding;
    return this.#lease;
  }

  async hold(request: LeaseRequest): Promise<Lease> {
    await this.#guarding;
    const held = this.#lease;
    const mine = held !== null && sameSession(held, request);
    if (held !== null && !mine && request.seize !== true) throw leaseHeld(held);
    if (!mine) this.#refuseClosed(request);
    const now = Date.now();
    const lease: Lease = {
      holder: request.holder,
      rollout: request.rollout,
      acquiredAt: mine ? held.acquiredAt : now,
      expiresAt: now + request.ttlMs,
    };
    this.#lease = lease;
    this.#watch(request.ttlMs);
    await this.#state.update({ lease });
    const open = this.#journal.openRollout;
    if (held !== null && !mine && open !== null) {
      const reason = `the lease was seized by ${request.holder} for rollout ${request.rollout}`;
      await this.#append(open, { name: "hold", reason });
    }
    return lease;
  }

  /** Giving the lease back with the rollout open is the same as vanishing. */
  async release(rollout: string): Promise<void> {
    await this.#guarding;
    if (this.#lease?.rollout !== rollout) return;
    await this.#expire("the lease was given back with the rollout open");
  }

  async write(entry: JournalEntry): Promise<void> {
    await this.#guarding;
    this.authorise(entry, true);
    this.#refuseClosed(entry);
    await this.#journal.append(entry);
    await this.#recordVerdict(entry);
  }

  /** The last rollout; a closed one is shown once, so that the next run learns what became of it. */
  async journal(): Promise<JournalEntry[]> {
    await this.#guarding;
    const last = [...this.#journal.last];
    const rollout = last.at(-1)?.rollout;
    if (rollout === undefined || this.#journal.openRollout !== null) return last;
    if (this.#state.now.shownRollout === rollout) return [];
    await this.#state.update({ shownRollout: rollout });
    return last;
  }

  history(): HistoryEntry[] {
    return this.#state.now.history;
  }

  /** Rejects who may not act: with `lease-held` a stranger, with `lease-lost` one whose lease ended or was seized. */
  authorise(session: Session | null, needsLease: boolean): void {
    const lease = this.#lease;
    if (lease !== null && session !== null && sameSession(lease, session)) return;
    if (lease !== null && session === null) throw leaseHeld(lease);
    if (lease !== null && session !== null) {
      throw leaseLost(session, `it is held by ${lease.holder} for rollout ${lease.rollout}`);
    }
    if (!needsLease) return;
    if (session !== null) throw leaseLost(session, "it expired or was given back, and stable was restored");
    throw new RolloutError(
      "lease-lost",
      "No lease is held, so nobody would restore stable if this run vanished.",
      "Take the lease (`ledger.hold`) before giving a candidate traffic.",
    );
  }

  /** How a promotion in this rollout came about, as long as its end does not say: a release that was stable before
   * and is promoted without a step of its own was rolled back to. */
  promotionVerdict(rollout: string, digest: string): "pass" | "rollback" {
    const judged = this.#journal.last.some(
      (entry) => entry.rollout === rollout && entry.step.name === "split",
    );
    const before = this.#state.now.history.some((entry) => entry.release.digest === digest);
    return before && !judged ? "rollback" : "pass";
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #watch(ttlMs: number): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#expire("the lease expired without renewal").catch((error: Error) => this.#log(error.message));
    }, ttlMs);
  }

  #expire(reason: string): Promise<void> {
    this.stop();
    const { rollout, holder } = this.#lease ?? { rollout: "", holder: "" };
    this.#lease = null;
    this.#guarding = this.#guard(`${reason} (held by ${holder} for rollout ${rollout})`).catch(
      (error: Error) => this.#log(`guard: ${error.message}`),
    );
    return this.#guarding;
  }

  async #guard(reason: string): Promise<void> {
    const open = this.#journal.openRollout;
    if (open === null && this.#journal.held) {
      await this.#state.update({ lease: null });
      return;
    }
    // Traffic first: a full disk must not keep users on a candidate that nobody watches.
    const restored = this.#guarded.hasCandidate() ? this.#guarded.restore() : Promise.resolve();
    this.#log(`guard: ${reason}; stable has 100 %`);
    for (const result of await Promise.allSettled([restored, this.#state.update({ lease: null })])) {
      if (result.status === "rejected") this.#log(`guard: ${(result.reason as Error).message}`);
    }
    if (open !== null) await this.#close(reason);
  }

  /** Ends the last rollout in the journal: as promoted when it was, else as restored by the guard. */
  async #close(reason: string): Promise<void> {
    const open = this.#journal.last.at(-1);
    if (open === undefined) return;
    if (this.#state.now.history[0]?.rollout === open.rollout && !this.#journal.held) {
      await this.#append(open, { name: "end", stage: "promoted", verdict: "pass" });
      return;
    }
    await this.#append(open, { name: "restore", reason, by: "guard" });
    await this.#append(open, { name: "end", stage: "restored", verdict: "inconclusive" });
  }

  /** A promotion enters the history when it happens; the rollout's end says how it came about. */
  async #recordVerdict({ rollout, step }: JournalEntry): Promise<void> {
    const [latest, ...older] = this.#state.now.history;
    if (step.name !== "end" || step.stage !== "promoted" || latest?.rollout !== rollout) return;
    const { verdict } = step;
    if (verdict === "fail" || verdict === "inconclusive" || verdict === latest.verdict) return;
    await this.#state.update({ history: [{ ...latest, verdict }, ...older] });
  }

  #append(of: Session, step: JournalStep): Promise<void> {
    return this.#journal.append({ at: Date.now(), rollout: of.rollout, holder: of.holder, step });
  }

  #refuseClosed(session: Session): void {
    const last = this.#journal.last.at(-1);
    if (last?.rollout !== session.rollout || last.step.name !== "end") return;
    throw leaseLost(session, `the rollout is closed (${last.step.stage})`);
  }
}

function sameSession(lease: Lease, session: Session): boolean {
  return lease.rollout === session.rollout && lease.holder === session.holder;
}

function leaseHeld(lease: Lease): RolloutError {
  return new RolloutError(
    "lease-held",
    `${lease.holder} holds the lease for rollout ${lease.rollout} until ${new Date(lease.expiresAt).toISOString()}.`,
    "Wait until that rollout has ended (an unrenewed lease ends by itself), or roll back, which seizes it.",
  );
}

function leaseLost(session: Session, why: string): RolloutError {
  return new RolloutError(
    "lease-lost",
    `Rollout ${session.rollout} of ${session.holder} does not hold the lease: ${why}.`,
    "Read the journal for what became of it, then start a new rollout.",
  );
}
