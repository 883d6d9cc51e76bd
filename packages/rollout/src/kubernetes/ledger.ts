/**
 * Lease, journal and history of one resource on a cluster. What one process wants to know of the lease, it asks the
 * cluster; times are the API server's. Whoever writes journal or history holds the lease, and every write carries the
 * version that it follows from, so that a process which slept through the end of its lease changes nothing any more.
 */
import { holdSchema, journalEntrySchema, type Session } from "../schemas.ts";
import type { HistoryEntry, JournalEntry, Lease, Release } from "../target.ts";
import { GuardKeeper } from "./guard-keeper.ts";
import { endOf, openEntry, shortened, withEntry, withPromotion } from "./journal-book.ts";
import { LastStep } from "./journal-step.ts";
import { JournalStore } from "./journal-store.ts";
import { endOfLease, isHeard, type LeaseView } from "./lease-object.ts";
import { authorise, isSession, leaseHeld, leaseLost, notValid } from "./lease-refusals.ts";
import { keepRenewed, LeaseStore } from "./lease-store.ts";
import { closeOpen, noteSeized, refuseClosed } from "./ledger-closing.ts";
import { ledgerObjects } from "./ledger-names.ts";
import type { KubernetesLedger, LedgerOptions } from "./ledger-types.ts";

export type { Guarded, GuardImage, GuardOptions, KubernetesLedger, LedgerOptions } from "./ledger-types.ts";

export function openLedger(options: LedgerOptions): KubernetesLedger {
  return new ClusterLedger(options);
}

const noFence = async () => {};

interface Held extends Session {
  ttlMs: number;
  seized: boolean;
  /** The guard lives, or was given up. */
  guarded: boolean;
  /** Until when the lease is known to be held, by the API server's clock. */
  endsAt: number;
}

export class ClusterLedger implements KubernetesLedger {
  readonly #options: LedgerOptions;
  readonly #leases: LeaseStore;
  readonly #books: JournalStore;
  readonly #lastStep: LastStep;
  readonly #keeper: GuardKeeper | null;
  /** Whom this process took the lease for, also when it was lost since. */
  #session: Held | null = null;

  /** `salvage`: for the guard, which restores also where the journal cannot be read. */
  constructor(options: LedgerOptions, { salvage = false } = {}) {
    const { api, namespace, resource, guard, annotated, onTrouble = () => {} } = options;
    const objects = ledgerObjects(namespace, resource);
    this.#options = options;
    this.#leases = new LeaseStore(api, objects.lease, resource, { salvage });
    this.#books = new JournalStore({ api, ref: objects.book, resource, salvage, onTrouble });
    this.#lastStep = new LastStep(api, annotated ?? null, onTrouble);
    this.#keeper =
      guard === null ? null : new GuardKeeper({ ...options, guard, onTrouble, leases: this.#leases });
  }

  async hold(request: { holder: string; rollout: string; ttlMs: number; seize?: boolean }): Promise<Lease> {
    const parsed = holdSchema.safeParse(request);
    if (!parsed.success) throw notValid("The request for the lease", parsed.error);
    const { holder, rollout, ttlMs, seize = false } = parsed.data;
    const session = { holder, rollout };
    let from: Lease | null = null;
    const known = this.#session;
    const again = known?.rollout === rollout && known.holder === holder;
    const leases = again ? this.#leases.within(known.endsAt - this.#leases.now()) : this.#leases;
    const view = await leases.change(async (found) => {
      const held = this.#leases.living(found);
      const mine = held !== null && isSession(held, session);
      if (held !== null && !mine && !seize) throw leaseHeld(held, found.heartbeat);
      if (!mine) refuseClosed((await this.#books.read()).book, session);
      from = mine ? null : held;
      return { ...session, ttlMs, acquiredAt: mine ? held.acquiredAt : this.#leases.now() };
    });
    const guarded = this.#keeper === null || (again && known.guarded);
    this.#session = {
      ...session,
      ttlMs,
      seized: again ? known.seized : seize,
      guarded,
      endsAt: endOfLease(view),
    };
    if (from !== null) await noteSeized(this.#books, session, () => this.#leases.now(), this.fence);
    if (guarded) this.#keeper?.look(view);
    else await this.#startGuard();
    const held = guarded ? view : await this.#renew();
    // Just written: not even a lease of no time at all would make it another's.
    return this.#leases.living(held) ?? { ...(held.lease as Lease), leftMs: 0 };
  }

  /** Giving it back with the rollout open is the same as vanishing, only sooner. */
  async release(rollout: string): Promise<void> {
    const view = await this.#leases.read();
    const held = this.#leases.living(view);
    if (held?.rollout !== rollout) return this.#forget(rollout);
    const session = { rollout, holder: held.holder };
    const ttlMs = this.#session?.ttlMs ?? Math.max(1, Math.round(held.leftMs ?? 1));
    this.#session ??= { ...session, ttlMs, seized: false, guarded: true, endsAt: held.expiresAt };
    if (openEntry((await this.#books.read()).book) !== null) {
      const reason = `the lease was given back with the rollout open (held by ${held.holder} for rollout ${rollout})`;
      await this.keepRenewed(() => this.closeOpen(reason));
    }
    await this.#leases.change(async (found) => (found.lease?.rollout === rollout ? "free" : "keep"));
    this.#forget(rollout);
    await this.#keeper?.dismiss();
  }

  async write(entry: JournalEntry): Promise<void> {
    const parsed = journalEntrySchema.safeParse(shortened(entry));
    if (!parsed.success) throw notValid("The journal's entry", parsed.error);
    await this.#books.change(
      (book) => {
        // Written already, and its answer lost.
        const last = book.journal.entries.at(-1);
        if (last !== undefined && JSON.stringify(last) === JSON.stringify(parsed.data)) return null;
        refuseClosed(book, entry);
        return withEntry(book, parsed.data);
      },
      () => this.#authorise(entry, true),
    );
    await this.#lastStep.show(parsed.data);
  }

  /** The last rollout; a closed one is shown once, so that the next run learns what became of it. */
  async journal(): Promise<JournalEntry[]> {
    const { book } = await this.#books.read();
    const { entries, shown } = book.journal;
    const rollout = entries.at(-1)?.rollout;
    if (rollout === undefined || openEntry(book) !== null) return entries;
    if (shown === rollout) return [];
    await this.#books.change((now) => {
      if (endOf(now, rollout) === null) return null;
      return { ...now, journal: { ...now.journal, shown: rollout } };
    }, noFence);
    return entries;
  }

  async lease(): Promise<Lease | null> {
    return this.#leases.living(await this.#leases.read());
  }

  async history(): Promise<HistoryEntry[]> {
    return (await this.#books.read()).book.history;
  }

  async committed({ known = false } = {}): Promise<HistoryEntry | null> {
    const holds = known && (this.#session?.endsAt ?? 0) > this.#leases.now();
    return (await this.#books.read({ known: holds })).book.history[0] ?? null;
  }

  async commit(candidate: Release): Promise<void> {
    await this.#books.change(
      (book) => {
        const rollout = this.#session?.rollout ?? "none";
        const next = withPromotion(book, { release: candidate, rollout, at: this.#leases.now() });
        return next === book ? null : next;
      },
      () => this.#authorise(this.#session, true),
    );
  }

  readonly fence = (): Promise<void> => this.#authorise(this.#session, false);

  readonly fenceTraffic = async (): Promise<void> => {
    await this.#authorise(this.#session, true);
    const needed = this.#options.guard?.mode === "required" && this.#session?.seized === false;
    if (needed) await this.#keeper?.untilHeard();
  };

  async guardPod(): Promise<{ namespace: string; name: string } | null> {
    const { heartbeat } = await this.#leases.read();
    if (heartbeat === null || !isHeard(heartbeat, this.#leases.now())) return null;
    return { namespace: this.#options.namespace, name: heartbeat.pod };
  }

  close(): void {
    this.#keeper?.close();
  }

  /** The journal's last entry while its rollout is open. `whole` is false where the journal is missing or cannot be
   * read. */
  async openRollout(): Promise<{ open: JournalEntry | null; whole: boolean; missing: boolean }> {
    const { book, whole, missing } = await this.#books.read();
    return { open: openEntry(book), whole, missing };
  }

  /** Ends the journal's open rollout under the lease that this process holds. */
  closeOpen(reason: string): Promise<void> {
    const { restore, onTrouble = () => {} } = this.#options;
    const fence = () => this.#authorise(this.#session, true);
    return closeOpen(
      { books: this.#books, fence, now: () => this.#leases.now(), restore, onTrouble },
      reason,
    );
  }

  /** Keeps the lease while `work` lasts, for as long as nobody seizes it. */
  keepRenewed<T>(work: () => Promise<T>): Promise<T> {
    const { onTrouble = () => {} } = this.#options;
    return keepRenewed(this.#session?.ttlMs ?? 0, () => this.#renew(), onTrouble, work);
  }

  async #renew(): Promise<LeaseView> {
    const session = this.#session;
    const leftMs = (session?.endsAt ?? 0) - this.#leases.now();
    const view = await this.#leases.within(leftMs).change(async (found) => {
      const held = this.#leases.living(found);
      authorise(held, found.heartbeat, session, true);
      const { holder, rollout, ttlMs } = session as Held;
      return { holder, rollout, ttlMs, acquiredAt: held?.acquiredAt ?? this.#leases.now() };
    });
    if (session !== null) session.endsAt = endOfLease(view);
    return view;
  }

  /** A rollback waits for no guard: it takes users away from a candidate. */
  async #startGuard(): Promise<void> {
    const session = this.#session;
    const keeper = this.#keeper;
    if (keeper === null || session === null) return;
    try {
      await this.keepRenewed(() => keeper.start());
    } catch (error) {
      const { guard, onTrouble = () => {} } = this.#options;
      if (guard?.mode === "required" && !session.seized) {
        const { rollout } = session;
        await this.#leases.change(async (found) => (found.lease?.rollout === rollout ? "free" : "keep"));
        this.#forget(rollout);
        throw error;
      }
      onTrouble(`nobody restores stable if this run vanishes: ${(error as Error).message}`);
    }
    session.guarded = true;
  }

  /** One that has not been able to look at its lease since that ended does not hold it any more. */
  async #authorise(session: Session | null, needsLease: boolean): Promise<void> {
    const held = this.#session;
    const isOwn = held !== null && session?.rollout === held.rollout;
    const leases = isOwn ? this.#leases.within(held.endsAt - this.#leases.now()) : this.#leases;
    const view = await leases.read().catch((error: Error) => {
      const ended = isOwn && this.#leases.now() >= held.endsAt;
      throw ended ? leaseLost(held, `it ended unrenewed: ${error.message}`) : error;
    });
    authorise(this.#leases.living(view), view.heartbeat, session, needsLease);
  }

  #forget(rollout: string): void {
    if (this.#session?.rollout === rollout) this.#session = null;
  }
}
