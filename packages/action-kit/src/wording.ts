/** How messages speak of what was given and what may have been meant. */
import { distance } from "fastest-levenshtein";

const LONGEST_SHOWN = 80;

/** A value as a message quotes it: JSON (so that line breaks and quotes cannot pass for our own words), cut to so many characters. */
export function shown(value: unknown, longest = LONGEST_SHOWN): string {
  if (value === undefined) return "nothing";
  let json: string;
  try {
    json = JSON.stringify(value) ?? String(value);
  } catch {
    json = `a value of type ${typeof value}`;
  }
  if (typeof value === "number") json = String(value);
  const characters = Array.from(json);
  return characters.length <= longest
    ? json
    : `${characters.slice(0, longest).join("")}… (${json.length} characters)`;
}

/** The known word a misspelt one is likely to mean: at most a third of its letters differ, rounded up. */
export function closest(word: string, known: readonly string[]): string | undefined {
  // Long words are no misspellings; the distance of two long texts costs their product.
  if (word.length > 64) return undefined;
  let best: { known: string; edits: number } | undefined;
  for (const candidate of known) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits <= Math.ceil(candidate.length / 3) && edits < (best?.edits ?? Infinity)) {
      best = { known: candidate, edits };
    }
  }
  return best?.known;
}

/** What was expected, what was given, and a hint. */
export function refusal(expected: string, given: unknown, hint?: string): string {
  return `expected ${expected}, got ${shown(given)}${hint ? `; ${hint}` : ""}`;
}
