import type { KubeObject } from "@ml-actions/cluster/types";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RolloutError } from "../error.ts";
import type { JournalEntry, JournalStep, Release } from "../target.ts";
import {
  type Book,
  emptyBook,
  endOf,
  openEntry,
  readBook,
  salvageBook,
  shortened,
  withEntry,
  withPromotion,
  writeBook,
} from "./journal-book.ts";
import { ours } from "./ledger-names.ts";

const resource = "deployment/flights";
const digest = `sha256:${"a".repeat(64)}`;
const release: Release = { digest, label: "flights-1", model: { digest, uri: "m.onnx", contract: "c.json" } };
const entry = (step: JournalStep, rollout = "1", at = 1): JournalEntry => ({
  at,
  rollout,
  holder: "h",
  step,
});
const begin = entry({ name: "begin", candidate: release, stable: null, steps: [10] });

function object(data: Record<string, string>): KubeObject {
  const metadata = { name: "ml-actions-deployment-flights", namespace: "ml", ...ours(resource) };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

describe("the book", () => {
  it("is read as it was written", () => {
    const grown = withPromotion(withEntry(emptyBook, begin), { release, rollout: "1", at: 7 });
    const book = withEntry(grown, entry({ name: "end", stage: "promoted", verdict: "rollback" }));
    expect(readBook(object(writeBook(book)), resource)).toEqual(book);
    expect(book.history).toEqual([{ release, promotedAt: 7, rollout: "1", verdict: "rollback" }]);
    expect([openEntry(book), endOf(book, "1"), endOf(book, "2")]).toEqual([null, "promoted", null]);
  });

  it("keeps the last rollout alone, and commits a promotion once", () => {
    const book = withEntry(withEntry(emptyBook, begin), entry({ name: "prepare" }, "2"));
    expect(book.journal.entries.map(({ rollout }) => rollout)).toEqual(["2"]);
    const once = withPromotion(book, { release, rollout: "2", at: 7 });
    expect(withPromotion(once, { release, rollout: "2", at: 9 })).toBe(once);
  });

  it("has the stable that others deployed behind the first release that replaces it, to roll back to", () => {
    const theirs = { ...release, label: "theirs", digest: `sha256:${"b".repeat(64)}` };
    const begun = entry({ name: "begin", candidate: release, stable: theirs, steps: [10] });
    const { history } = withPromotion(withEntry(emptyBook, begun), { release, rollout: "1", at: 7 });
    expect(history).toEqual([
      { release, promotedAt: 7, rollout: "1", verdict: "pass" },
      { release: theirs, promotedAt: 1, rollout: "found", verdict: "first" },
    ]);
  });

  it("stays within its bytes: the first and the last entries stay, and it says how many are left out", () => {
    const reason = '"'.repeat(9_000);
    let book: Book = withEntry(emptyBook, begin);
    for (let at = 1; at <= 150; at++) book = withEntry(book, entry({ name: "hold", reason }, "1", at));
    const data = writeBook(book);
    expect(Buffer.byteLength(data.journal as string)).toBeLessThanOrEqual(256 * 1024 + 200);
    const { entries, leftOut } = book.journal;
    expect(entries.length + leftOut).toBe(151);
    expect([entries[0]?.step.name, entries[1]?.at, entries.at(-1)?.at]).toEqual(["begin", 1, 150]);
    expect(readBook(object(data), resource)).toEqual(book);
  });

  it("stays below what a ConfigMap may hold with everything as long as it may be", () => {
    const wide = "\ud800".repeat(500);
    const longest: Release = {
      ...{ digest, label: wide, image: "\ud800".repeat(5_000) },
      model: { digest, uri: wide, contract: wide },
    };
    let book: Book = emptyBook;
    for (let rollout = 0; rollout < 11; rollout++) {
      const name = `${wide.slice(0, 400)}${rollout}`;
      book = withEntry(book, {
        ...begin,
        rollout: name,
        step: { ...begin.step, candidate: longest } as JournalStep,
      });
      book = withPromotion(book, { release: longest, rollout: name, at: rollout });
      for (let at = 0; at < 20; at++)
        book = withEntry(
          book,
          entry(shortened(entry({ name: "hold", reason: wide.repeat(60) })).step, name, at),
        );
    }
    const bytes = Object.values(writeBook(book)).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(book.history).toHaveLength(10);
    expect(bytes).toBeLessThan(1024 * 1024);
  });

  it("that anybody changed in any way is read or refused by name, and never more than that", () => {
    const text = fc.oneof(fc.string(), fc.json(), fc.constant('{"__proto__":{"entries":[]}}'));
    const valid = writeBook(withEntry(emptyBook, begin));
    const cut = fc
      .nat((valid.journal as string).length)
      .map((length) => (valid.journal as string).slice(0, length));
    fc.assert(
      fc.property(
        fc.record({ journal: fc.oneof(text, cut), history: text }, { requiredKeys: [] }),
        (data) => {
          const given = object(data as Record<string, string>);
          const { book, problems } = salvageBook(given, resource);
          expect(Array.isArray(book.journal.entries) && Array.isArray(book.history)).toBe(true);
          if (problems.length === 0) {
            expect(readBook(given, resource)).toEqual(book);
            return;
          }
          expect(() => readBook(given, resource)).toThrow(RolloutError);
          try {
            readBook(given, resource);
          } catch (error) {
            const { message, remedy } = error as RolloutError;
            expect(message).toMatch(/^ConfigMap ml-actions-deployment-flights in namespace ml is not as/);
            expect(message.length).toBeLessThan(2_000);
            expect(remedy).toContain("kubectl -n ml delete configmap ml-actions-deployment-flights");
          }
        },
      ),
    );
  });
});
