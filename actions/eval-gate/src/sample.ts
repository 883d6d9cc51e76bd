/**
 * Rows evenly spread over a file whose length nobody knows before its end: a file sorted by anything that makes rows
 * slow would mislead at its head. One row of every stretch is kept, chosen by a fixed hash, so that a file with a period
 * does not show one phase alone; whenever there are too many, two stretches become one.
 */
import { isCoded } from "@ml-actions/serving/coded-texts";
import { type FeatureBatch, type FeatureColumn, sliceBatch } from "@ml-actions/serving/feature-batch";

interface Kept {
  hash: number;
  row: FeatureBatch;
}

export class SpreadSample {
  readonly #count: number;
  /** The kept row of every stretch of `#stretch` rows. */
  #kept: Kept[] = [];
  #stretch = 1;
  #rows = 0;

  /** @param count rows to sample at most */
  constructor(count: number) {
    this.#count = count;
  }

  append(batch: FeatureBatch): void {
    for (let from = 0; from < batch.rows; ) {
      const end = Math.min(batch.rows, from + this.#stretch - (this.#rows % this.#stretch));
      this.#offer(batch, from, end);
      this.#rows += end - from;
      from = end;
      if (this.#kept.length === 2 * this.#count && this.#rows % this.#stretch === 0) this.#merge();
    }
  }

  /** Rows `from` to `end` of the batch belong to one stretch, of which earlier rows may have been seen. */
  #offer(batch: FeatureBatch, from: number, end: number): void {
    let [best, hash] = [from, Number.POSITIVE_INFINITY];
    for (let at = from; at < end; at += 1) {
      const candidate = hashOf(this.#rows + at - from);
      if (candidate < hash) [best, hash] = [at, candidate];
    }
    const place = Math.floor(this.#rows / this.#stretch);
    const before = this.#kept[place];
    if (before === undefined || hash < before.hash) this.#kept[place] = { hash, row: copyOf(batch, best) };
  }

  #merge(): void {
    this.#kept = Array.from({ length: this.#kept.length / 2 }, (_, pair) => {
      const [first, second] = [this.#kept[2 * pair] as Kept, this.#kept[2 * pair + 1] as Kept];
      return second.hash < first.hash ? second : first;
    });
    this.#stretch *= 2;
  }

  /** The sampled rows in the order of the file; all of them when there are no more than asked for. */
  take(): FeatureBatch[] {
    const rows = Math.min(this.#count, this.#kept.length);
    const pick = (index: number) => Math.floor((index * this.#kept.length) / rows);
    return Array.from({ length: rows }, (_, index) => (this.#kept[pick(index)] as Kept).row);
  }
}

/** A row by itself: a view would keep the memory of its whole batch. */
function copyOf(batch: FeatureBatch, row: number): FeatureBatch {
  const { rows, columns } = sliceBatch(batch, row, row + 1);
  for (const [name, column] of columns) columns.set(name, copied(column));
  return { rows, columns };
}

function copied(column: FeatureColumn): FeatureColumn {
  if (!isCoded(column)) return column.slice();
  const code = column.codes[0] as number;
  return [code < 0 ? "" : (column.dictionary[code] as string)];
}

/** 32 bits of a row number (the finalizer of MurmurHash3, A. Appleby). */
function hashOf(row: number): number {
  let hash = row | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
