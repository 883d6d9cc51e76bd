import { hashText } from "../random/xoshiro.ts";

/**
 * Counts of categories: by name while the names are few and short, else by the leading bits of a hash of the name.
 *
 * Whether names are kept depends on the set of names alone, and that set only grows; of the hash the fewest low bits
 * are left out that bring at most `mostBuckets` in use, which nests as in `NumericSketch`. So merging in any order
 * gives the same counts.
 */

export const mostBuckets = 256;
/** Bytes of all names together, each with `nameOverheadBytes` more for what a profile writes around it. */
const nameBudgetBytes = 4096;
const nameOverheadBytes = 4;

export type CategoryCounts =
  | { by: "name"; names: readonly string[]; counts: Float64Array }
  /** The lowest `dropped` of the 32 bits of the hash are left out; buckets ascend. */
  | { by: "hash"; dropped: number; buckets: Float64Array; counts: Float64Array };

const encoder = new TextEncoder();

export class CategorySketch {
  missing = 0;
  /** The part of `missing` that is NaN and not absent: numbers can be categories. */
  nan = 0;
  private readonly rowsOfName = new Map<string, number>();
  private nameBytes = 0;
  /** null while names are kept. */
  private rowsOfBucket: Map<number, number> | null = null;
  private dropped = 0;

  add(name: string, rows: number): void {
    if (this.rowsOfBucket !== null) {
      this.addHash(hashOf(name), rows);
      return;
    }
    const before = this.rowsOfName.get(name);
    this.rowsOfName.set(name, (before ?? 0) + rows);
    if (before === undefined) this.nameBytes += nameCost(name);
    if (this.nameBytes > nameBudgetBytes) this.dropTo(0);
  }

  addCounts(other: CategoryCounts): void {
    const rows = (i: number): number => other.counts[i] as number;
    if (other.by === "name") {
      other.names.forEach((name, i) => {
        this.add(name, rows(i));
      });
      return;
    }
    this.dropTo(other.dropped);
    other.buckets.forEach((bucket, i) => {
      this.addHash(bucket * 2 ** other.dropped, rows(i));
    });
  }

  counts(): CategoryCounts {
    if (this.rowsOfBucket === null) {
      const names = [...this.rowsOfName.keys()].sort();
      const counts = Float64Array.from(names, (name) => this.rowsOfName.get(name) as number);
      return { by: "name", names, counts };
    }
    const buckets = Float64Array.from(this.rowsOfBucket.keys()).sort();
    const counts = buckets.map((bucket) => this.rowsOfBucket?.get(bucket) as number);
    return { by: "hash", dropped: this.dropped, buckets, counts };
  }

  /** Goes over to hashes without their lowest `dropped` bits, or stays where more are left out already. */
  private dropTo(dropped: number): void {
    if (this.rowsOfBucket !== null && dropped <= this.dropped) return;
    const old: [number, number][] =
      this.rowsOfBucket === null
        ? Array.from(this.rowsOfName, ([name, rows]) => [hashOf(name), rows])
        : Array.from(this.rowsOfBucket, ([bucket, rows]) => [bucket * 2 ** this.dropped, rows]);
    this.rowsOfName.clear();
    this.rowsOfBucket = new Map();
    this.dropped = dropped;
    for (const [hash, rows] of old) this.addHash(hash, rows);
  }

  private addHash(hash: number, rows: number): void {
    const counts = this.rowsOfBucket as Map<number, number>;
    const bucket = Math.floor(hash / 2 ** this.dropped);
    counts.set(bucket, (counts.get(bucket) ?? 0) + rows);
    if (counts.size > mostBuckets) this.dropTo(this.dropped + 1);
  }
}

/** The counts by hash without the lowest `dropped` bits, at least as many as are left out already. */
export function byHash(counts: CategoryCounts, dropped: number): Map<number, number> {
  const buckets = new Map<number, number>();
  const shift = 2 ** dropped;
  for (let i = 0; i < counts.counts.length; i++) {
    const hash =
      counts.by === "name"
        ? hashOf(counts.names[i] as string)
        : (counts.buckets[i] as number) * 2 ** counts.dropped;
    const bucket = Math.floor(hash / shift);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + (counts.counts[i] as number));
  }
  return buckets;
}

/** FNV-1a, its leading bits mixed by the finaliser of MurmurHash3: on short names they hardly differ otherwise. */
function hashOf(name: string): number {
  let h = hashText(name);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function nameCost(name: string): number {
  return encoder.encode(name).length + nameOverheadBytes;
}

/** Whether a sketch would keep these names. */
export function namesFit(names: readonly string[]): boolean {
  return names.reduce((sum, name) => sum + nameCost(name), 0) <= nameBudgetBytes;
}
