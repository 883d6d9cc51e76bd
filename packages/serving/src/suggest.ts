import { closest, distance } from "fastest-levenshtein";

/** `; did you mean "dep_hour"?` when a known name is near enough to the one given, else nothing. */
export function didYouMean(given: string, known: readonly string[]): string {
  // Distances to a hostile kilobyte of text are costly and never near.
  if (known.length === 0 || given.length > 200) return "";
  const nearest = closest(given, known);
  const allowed = Math.max(1, Math.floor(nearest.length / 3));
  return distance(given.toLowerCase(), nearest.toLowerCase()) <= allowed
    ? `; did you mean ${JSON.stringify(nearest)}?`
    : "";
}
