/**
 * Many resources in one job: first one alone, which meets what all would meet, then ever more at once. The plan is
 * pure; the runner knows nothing of rollouts.
 */

/** Each wave is twice the one before, in the order given, and begins when the one before has ended well. */
export function planWaves<Item>(items: readonly Item[]): Item[][] {
  const waves: Item[][] = [];
  let begun = 0;
  for (let size = 1; begun < items.length; size *= 2) {
    waves.push(items.slice(begun, begun + size));
    begun += size;
  }
  return waves;
}

export interface WaveOptions<Item, Result> {
  /** At most so many at once. */
  maxParallel: number;
  /** Never called twice for one item. Told its wave, from 1. */
  work: (item: Item, wave: number) => Promise<Result>;
  /** Whether nothing more may begin after this one. What has begun goes to its own end; a rejection always fails. */
  failed: (result: Result) => boolean;
  /** Nothing begins after it is aborted; what has begun hears of it by itself. */
  signal?: AbortSignal;
}

export type WaveOutcome<Item, Result> = { item: Item; wave: number } & (
  | { kind: "done"; result: Result }
  | { kind: "broken"; error: Error }
  /** Because of another that failed, or because the run was cancelled. */
  | { kind: "not-begun" }
);

/** Resolves when all that has begun has ended; in the order of the waves. Never rejects because of an item. */
export async function runWaves<Item, Result>(
  waves: readonly (readonly Item[])[],
  { maxParallel, work, failed, signal }: WaveOptions<Item, Result>,
): Promise<WaveOutcome<Item, Result>[]> {
  const outcomes: WaveOutcome<Item, Result>[] = [];
  let stopped = false;
  const begin = async (item: Item, wave: number): Promise<WaveOutcome<Item, Result>> => {
    if (stopped || signal?.aborted === true) return { item, wave, kind: "not-begun" };
    try {
      const result = await work(item, wave);
      stopped ||= failed(result);
      return { item, wave, kind: "done", result };
    } catch (thrown) {
      stopped = true;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
      return { item, wave, kind: "broken", error };
    }
  };
  for (const [index, items] of waves.entries()) {
    outcomes.push(...(await inParallel(items, maxParallel, (item) => begin(item, index + 1))));
  }
  return outcomes;
}

/** As `Promise.all` over the items, at most so many at once. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  maxParallel: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  const left = items.entries();
  const worker = async () => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(maxParallel, items.length) }, worker));
  return results;
}
