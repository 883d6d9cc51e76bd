import { type Binned, type Counts, loneBin, type NameBin, unseenNamed, withUnseen } from "./bins.ts";
import { byHash, type CategoryCounts } from "./category-sketch.ts";
import type { CategoricalProfile } from "./profile.ts";

/** Bins of a categorical feature: its categories in the reference, by name where both profiles keep names, else by
 * their hash. */
export function categoryBins(
  reference: CategoricalProfile,
  current: CategoricalProfile,
  rows: Counts,
): Binned {
  const named = reference.categories.by === "name" && current.categories.by === "name";
  const dropped = Math.max(droppedOf(reference.categories), droppedOf(current.categories));
  const countsOf = ({ categories }: CategoricalProfile): Map<string, number> =>
    named && categories.by === "name"
      ? new Map(categories.names.map((name, i) => [name, categories.counts[i] as number]))
      : new Map([...byHash(categories, dropped)].map(([bucket, rows]) => [`#${bucket.toString(16)}`, rows]));
  const [before, now] = [countsOf(reference), countsOf(current)];
  const names = [...before.keys()];
  const unseen = [...now]
    .filter(([name]) => !before.has(name))
    .map(([name, rows]) => ({ name, rows }))
    .sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
  const bin = (name: string, unseenCategories: number): NameBin => {
    const counts = { reference: before.get(name) ?? 0, current: now.get(name) ?? 0 };
    return { order: "names", name, categories: 1, unseen: unseenCategories, ...counts };
  };
  // By what both tables have of it: an order by the reference alone would tell the difference to whoever merges.
  const size = ({ reference: p, current: q }: NameBin): number => p + q;
  const all = [...names.map((name) => bin(name, 0)), ...unseen.map(({ name }) => bin(name, 1))].sort(
    (a, b) => size(b) - size(a) || (a.name < b.name ? -1 : 1),
  );
  return {
    kind: "categorical",
    bins: [...withUnseen(all, rows), ...loneBin("missing", reference.missing, current.missing)],
    unseen: {
      rows: unseen.reduce((sum, one) => sum + one.rows, 0),
      names: unseen.slice(0, unseenNamed),
    },
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
