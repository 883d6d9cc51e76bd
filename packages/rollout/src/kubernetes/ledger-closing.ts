/** How a rollout that nobody leads any more is ended: as promoted when it was committed, else as restored by the guard. */
import { RolloutError } from "../error.ts";
import type { Session } from "../schemas.ts";
import type { HistoryEntry, JournalEntry, JournalStep } from "../target.ts";
import { type Book, endOf, openEntry, withEntry } from "./journal-book.ts";
import type { JournalStore } from "./journal-store.ts";
import { leaseLost } from "./lease-refusals.ts";

export interface Closing {
  books: JournalStore;
  /** Rejects when the lease is no longer held by who closes. */
  fence: () => Promise<void>;
  /** Server time. */
  now: () => number;
  restore: () => Promise<void>;
  onTrouble: (message: string) => void;
}

/** Resolves when stable has all traffic, or the committed promotion is through, and the journal says so. May be taken up
 * again at any point. */
export async function closeOpen(closing: Closing, reason: string): Promise<void> {
  const { books, fence, restore, onTrouble } = closing;
  const { book, whole } = await books.read();
  if (!whole) return restore();
  let open = openEntry(book);
  if (open === null) return;
  try {
    await books.change((now) => {
      open = openEntry(now);
      if (open === null || promotionOf(now, open) !== null || isGuards(open.step)) return null;
      return withEntry(now, entryOf(open, closing, { name: "restore", reason, by: "guard" }));
    }, fence);
  } catch (error) {
    // Users come before books, but who lost the lease has no business with the traffic either.
    if (error instanceof RolloutError && error.code.startsWith("lease-")) throw error;
    onTrouble(`the journal could not be written: ${(error as Error).message}`);
  }
  if (open === null) return;
  await restore();
  await books.change((now) => {
    const last = openEntry(now);
    if (last === null) return null;
    const promotion = promotionOf(now, last);
    return withEntry(now, entryOf(last, closing, endStep(promotion)));
  }, fence);
}

function endStep(promotion: HistoryEntry | null): JournalStep {
  return promotion === null
    ? { name: "end", stage: "restored", verdict: "inconclusive" }
    : { name: "end", stage: "promoted", verdict: promotion.verdict };
}

function isGuards(step: JournalStep): boolean {
  return step.name === "restore" && step.by === "guard";
}

function entryOf({ rollout, holder }: JournalEntry, { now }: Closing, step: JournalStep): JournalEntry {
  return { at: now(), rollout, holder, step };
}

/** The history's entry of the open rollout's candidate, when it was committed. */
export function promotionOf({ journal, history }: Book, open: JournalEntry): HistoryEntry | null {
  const [head] = history;
  const begin = journal.entries.map(({ step }) => step).findLast((step) => step.name === "begin");
  if (head?.rollout !== open.rollout) return null;
  return begin === undefined || begin.candidate.digest === head.release.digest ? head : null;
}

/** The rollout that the lease was seized from learns it from its journal too. */
export async function noteSeized(
  books: JournalStore,
  by: Session,
  now: () => number,
  fence: () => Promise<void>,
): Promise<void> {
  const reason = `the lease was seized by ${by.holder} for rollout ${by.rollout}`;
  await books.change((book) => {
    const open = openEntry(book);
    if (open === null) return null;
    const { rollout, holder } = open;
    return withEntry(book, { at: now(), rollout, holder, step: { name: "hold", reason } });
  }, fence);
}

export function refuseClosed(book: Book, session: Session): void {
  const stage = endOf(book, session.rollout);
  if (stage !== null) throw leaseLost(session, `the rollout is closed (${stage})`);
}
