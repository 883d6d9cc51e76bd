import { type Binned, missingBin, unseenBin } from "./bins.ts";
import { byHash, type CategoryCounts } from "./category-sketch.ts";
import type { CategoricalProfile } from "./profile.ts";

/** Bins of a categorical feature: its categories in the reference, by name where both profiles keep names, else by
 * their hash. */
export function categoryBins(reference: CategoricalProfile, current: CategoricalProfile): Binned {
  const named = reference.categories.by === "name" && current.categories.by === "name";
  const dropped = Math.max(droppedOf(reference.categories), droppedOf(current.categories));
  const countsOf = ({ categories }: CategoricalProfile): Map<string, number> =>
    named && categories.by === "name"
      ? new Map(categories.names.map((name, i) => [name, categories.counts[i] as number]))
      : new Map([...byHash(categories, dropped)].map(([bucket, rows]) => [`#${bucket.toString(16)}`, rows]));
  const [before, now] = [countsOf(reference), countsOf(current)];
  const names = [...before.keys()].sort((a, b) => (before.get(b) as number) - (before.get(a) as number));
  const unseen = [...now]
    .filter(([name]) => !before.has(name))
    .map(([name, rows]) => ({ name, rows }))
    .sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
  const unseenRows = unseen.reduce((sum, { rows }) => sum + rows, 0);
  return {
    kind: "categorical",
    bins: [
      ...names.map((name) => ({
        label: name,
        reference: before.get(name) as number,
        current: now.get(name) ?? 0,
        order: "names" as const,
      })),
      ...unseenBin(unseenRows),
      ...missingBin(reference.missing, current.missing),
    ],
    unseen: { rows: unseenRows, names: unseen.slice(0, 10) },
    notes: [
      ...(named
        ? []
        : [
            "too many categories to keep by name: they are counted in groups by a hash, and one that is unseen shows only where its group is empty in the reference",
          ]),
      ...(before.size === 1 ? ["the reference is constant"] : []),
    ],
  };
}

function droppedOf(counts: CategoryCounts): number {
  return counts.by === "hash" ? counts.dropped : 0;
}
