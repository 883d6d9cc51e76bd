import { distance, closest as nearest } from "fastest-levenshtein";
import { catalog } from "../catalog.ts";

/** The candidate that a misspelling most likely meant: at most a third of its letters (and at least one) differ. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) {
    return undefined;
  }
  const near = nearest(word, candidates);
  return distance(word, near) <= Math.max(1, Math.floor(near.length / 3)) ? near : undefined;
}

/** Our name for a metric that was misspelt or is called otherwise elsewhere; undefined when nothing is near. */
export function suggestMetric(word: string): string | undefined {
  const lower = word.toLowerCase();
  const known = catalog.find(({ name, aliases }) => name.toLowerCase() === lower || aliases.includes(lower));
  if (known !== undefined) {
    return known.family?.example ?? known.name;
  }
  if (/^(latency|duration|response_time|p\d)/.test(lower)) {
    return "latency.p95";
  }
  // Our own names first: among equally near ones the first is taken.
  const names = [...catalog.map(({ name }) => name), ...catalog.flatMap(({ aliases }) => aliases)];
  const near = closest(lower, names);
  const metric = catalog.find(
    ({ name, aliases }) => name === near || (near !== undefined && aliases.includes(near)),
  );
  return metric?.family?.example ?? metric?.name;
}
