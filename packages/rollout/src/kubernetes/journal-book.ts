/** What the ConfigMap says: the last rollout's journal and the history. Of bounded size, for a ConfigMap may hold 1 MiB.
 * Pure. */
import type { KubeObject } from "@ml-actions/cluster/types";
import { z } from "zod";
import { RolloutError } from "../error.ts";
import { historyEntrySchema, journalEntrySchema } from "../schemas.ts";
import type { HistoryEntry, JournalEntry, Release } from "../target.ts";
import { assertOurs } from "./ledger-names.ts";

/** Ten entries of the history with the longest names they may have are below 400 KiB. */
const maxJournalBytes = 256 * 1024;
/** Of them, for the first entries: how it began. */
const maxFirstBytes = maxJournalBytes / 4;
const maxHistory = 10;
const maxReasonChars = 10_000;

const journalSchema = z.strictObject({
  schema: z.literal("ml-actions/journal/v1"),
  /** The closed rollout that was shown to a reader already. */
  shown: z.string().nullable(),
  /** Entries that had to go for the size, after the first `first`. */
  leftOut: z.number().int().nonnegative(),
  first: z.number().int().nonnegative(),
  entries: z.array(journalEntrySchema),
});
const historySchema = z.strictObject({
  schema: z.literal("ml-actions/history/v1"),
  entries: z.array(historyEntrySchema).max(maxHistory),
});
export type Journal = z.infer<typeof journalSchema>;

export interface Book {
  journal: Journal;
  history: HistoryEntry[];
}

export const emptyBook: Book = {
  journal: { schema: "ml-actions/journal/v1", shown: null, leftOut: 0, first: 0, entries: [] },
  history: [],
};

/** @throws RolloutError `invalid` naming every key that is not as we write it */
export function readBook(object: KubeObject | null, resource: string): Book {
  const { book, problems } = salvageBook(object, resource);
  if (problems.length === 0) return book;
  const { name = "", namespace = "" } = object?.metadata ?? {};
  throw new RolloutError(
    "invalid",
    `ConfigMap ${name} in namespace ${namespace} is not as ml-actions writes it: ${problems.join("; ")}`,
    `Put it back as it was, or begin anew without journal and history: kubectl -n ${namespace} delete configmap ${name}. Stable keeps serving.`,
  );
}

/** As much as can be read: users on a candidate must not wait for a person to mend a text. */
export function salvageBook(object: KubeObject | null, resource: string): { book: Book; problems: string[] } {
  if (object === null) return { book: emptyBook, problems: [] };
  assertOurs(object, resource);
  const journal = readKey(object, "journal", journalSchema);
  const history = readKey(object, "history", historySchema);
  return {
    book: {
      journal: journal.value ?? emptyBook.journal,
      history: history.value?.entries ?? [],
    },
    problems: [...journal.problems, ...history.problems],
  };
}

function readKey<T>(
  object: KubeObject,
  key: string,
  schema: z.ZodType<T>,
): { value: T | null; problems: string[] } {
  const text = object.data?.[key];
  if (text === undefined) return { value: null, problems: [] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { value: null, problems: [`key ${key} is no JSON`] };
  }
  const result = schema.safeParse(parsed);
  if (result.success) return { value: result.data, problems: [] };
  const [first] = result.error.issues;
  const place = first?.path.map(String).join(".").slice(0, 100);
  const more = result.error.issues.length - 1;
  const message = `key ${key}, ${place || "its root"}: ${first?.message.slice(0, 200)}`;
  return { value: null, problems: [more > 0 ? `${message} (and ${more} more)` : message] };
}

/** The `data` of the ConfigMap. */
export function writeBook({ journal, history }: Book): Record<string, string> {
  return {
    journal: JSON.stringify(journal),
    history: JSON.stringify({ schema: "ml-actions/history/v1", entries: history }),
  };
}

/** The last rollout's last entry while it has no `end`. */
export function openEntry({ journal }: Book): JournalEntry | null {
  const last = journal.entries.at(-1);
  return last === undefined || last.step.name === "end" ? null : last;
}

/** How the rollout ended, when it is the journal's last and did. */
export function endOf({ journal }: Book, rollout: string): string | null {
  const last = journal.entries.at(-1);
  return last?.rollout === rollout && last.step.name === "end" ? last.step.stage : null;
}

/** With the entry; the journal of an earlier rollout gives way to it. An `end` also says in the history how its
 * promotion came about. */
export function withEntry(book: Book, entry: JournalEntry): Book {
  const same = book.journal.entries.at(-1)?.rollout === entry.rollout;
  const before = same ? book.journal : { ...emptyBook.journal, shown: book.journal.shown };
  const grown = { ...before, entries: [...before.entries, entry] };
  return { journal: bounded(grown), history: withVerdict(book.history, entry) };
}

/** A long reason must not keep anything from being written. */
export function shortened(entry: JournalEntry): JournalEntry {
  const { step } = entry;
  if (!("reason" in step) || step.reason.length <= maxReasonChars) return entry;
  return { ...entry, step: { ...step, reason: `${step.reason.slice(0, maxReasonChars - 1)}…` } };
}

function withVerdict(history: HistoryEntry[], { rollout, step }: JournalEntry): HistoryEntry[] {
  const [latest, ...older] = history;
  if (step.name !== "end" || step.stage !== "promoted" || latest?.rollout !== rollout) return history;
  const { verdict } = step;
  return verdict === "fail" || verdict === "inconclusive" ? history : [{ ...latest, verdict }, ...older];
}

/** Without entries from the middle when there are too many bytes; those that go, go a quarter at a time. */
function bounded(journal: Journal): Journal {
  const sizes = journal.entries.map((entry) => Buffer.byteLength(JSON.stringify(entry)) + 1);
  let bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes <= maxJournalBytes) return journal;
  const first = journal.leftOut > 0 ? journal.first : countWithin(sizes, maxFirstBytes);
  let gone = 0;
  while (bytes > maxJournalBytes * 0.75 && first + gone < sizes.length - 1) {
    bytes -= sizes[first + gone] as number;
    gone++;
  }
  const entries = [...journal.entries.slice(0, first), ...journal.entries.slice(first + gone)];
  return { ...journal, first, entries, leftOut: journal.leftOut + gone };
}

function countWithin(sizes: readonly number[], maxBytes: number): number {
  let bytes = 0;
  const over = sizes.findIndex((size) => {
    bytes += size;
    return bytes > maxBytes;
  });
  return over === -1 ? sizes.length : over;
}

/** With the release at the head of the history. Unchanged when this rollout put it there already. The first of all
 * has the stable that it replaces after it, whoever deployed that: it is what a rollback goes back to. */
export function withPromotion(
  book: Book,
  promotion: { release: Release; rollout: string; at: number },
): Book {
  const { release, rollout, at } = promotion;
  const [head] = book.history;
  if (head?.rollout === rollout && head.release.digest === release.digest) return book;
  const history = head === undefined ? found(book, rollout) : book.history;
  const entry: HistoryEntry = {
    release,
    promotedAt: at,
    rollout,
    verdict: verdictOf({ ...book, history }, release, rollout),
  };
  return { ...book, history: [entry, ...history].slice(0, maxHistory) };
}

/** What was stable before the first rollout here. */
function found({ journal }: Book, rollout: string): HistoryEntry[] {
  return journal.entries.flatMap(({ at, rollout: of, step }) =>
    of === rollout && step.name === "begin" && step.stable !== null
      ? [{ release: step.stable, promotedAt: at, rollout: "found", verdict: "first" as const }]
      : [],
  );
}

/** How a promotion came about, as long as its end does not say: a release that was stable before and is promoted
 * without a step of its own was rolled back to. */
function verdictOf({ journal, history }: Book, release: Release, rollout: string): HistoryEntry["verdict"] {
  if (history.length === 0) return "first";
  const judged = journal.entries.some((entry) => entry.rollout === rollout && entry.step.name === "split");
  const before = history.some((entry) => entry.release.digest === release.digest);
  return before && !judged ? "rollback" : "pass";
}
