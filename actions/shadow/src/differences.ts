/**
 * Whether a caller who could read one answer can read the other: field by field, of JSON. New fields break nobody; a
 * field that is gone, another type, a class more or less, fewer predictions, a number that became null do.
 */

/** One field in which two answers differ. Places of a list are one field: `predictions[].late`. */
export interface Difference {
  field: string;
  was: string;
  is: string;
}

/** Deeper JSON is no answer of a model. */
const deepest = 64;

/**
 * @param was what the caller could read
 * @param is what the caller is given
 * @param tolerance the most that a predicted number may differ by; null: any number is as good as another
 */
export function answerDifferences(was: unknown, is: unknown, tolerance: number | null): Difference[] {
  const found: Difference[] = [];
  const walk = { found, tolerance, prediction: false };
  compare({ was, is, field: "", depth: 0 }, walk);
  return found;
}

interface Place {
  was: unknown;
  is: unknown;
  field: string;
  depth: number;
}

interface Walk {
  found: Difference[];
  tolerance: number | null;
  /** Inside of the predictions nothing may be added either: a class more is another answer. */
  prediction: boolean;
}

function compare({ was, is, field, depth }: Place, walk: Walk): void {
  const differ = () =>
    walk.found.push({ field: field === "" ? "the answer" : field, was: shown(was), is: shown(is) });
  const [before, after] = [kindOf(was), kindOf(is)];
  if (depth > deepest) walk.found.push({ field, was: `more than ${deepest} levels`, is: shown(is) });
  // A reader who could do with no number can do with one.
  else if (was === null && field.startsWith("predictions")) return;
  else if (before !== after) differ();
  else if (before === "list") compareLists({ was, is, field, depth }, walk);
  else if (before === "object") compareObjects({ was, is, field, depth }, walk);
  else if (!sameValue(was, is, field, walk)) differ();
}

function compareLists({ was, is, field, depth }: Place, walk: Walk): void {
  const [before, after] = [was as unknown[], is as unknown[]];
  const inside = walk.prediction || field === "predictions";
  if (inside && before.length !== after.length) {
    walk.found.push({ field, was: shown(was), is: shown(is) });
    return;
  }
  // Elsewhere, such as in the problems of an error, lists hold as many as there are.
  const last = Math.min(before.length, after.length);
  for (let at = 0; at < last; at += 1) {
    compare(
      { was: before[at], is: after[at], field: `${field}[]`, depth: depth + 1 },
      { ...walk, prediction: inside },
    );
  }
}

function compareObjects({ was, is, field, depth }: Place, walk: Walk): void {
  const [before, after] = [was as Record<string, unknown>, is as Record<string, unknown>];
  for (const [name, value] of Object.entries(before)) {
    const place = placed(field, name);
    if (Object.hasOwn(after, name))
      compare({ was: value, is: after[name], field: place, depth: depth + 1 }, walk);
    else walk.found.push({ field: place, was: shown(value), is: "is gone" });
  }
  if (!walk.prediction) return;
  for (const [name, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, name))
      walk.found.push({ field: placed(field, name), was: "was not there", is: shown(value) });
  }
}

/** Of most fields the type alone is promised: the version, the digest and the wording of an error are to differ. */
function sameValue(was: unknown, is: unknown, field: string, { prediction, tolerance }: Walk): boolean {
  if (field === "error.code" || (prediction && typeof was !== "number")) return was === is;
  if (!prediction || tolerance === null || typeof was !== "number") return true;
  return Math.abs(was - (is as number)) <= tolerance;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

/** Names come from models and from files: only plain ones are shown as they are. */
function placed(field: string, name: string): string {
  const plain = /^[\p{L}\p{N}_ .-]{1,60}$/u.test(name) ? name : JSON.stringify(name.slice(0, 60));
  return field === "" ? plain : `${field}.${plain}`.slice(0, 300);
}

export function shown(value: unknown): string {
  switch (kindOf(value)) {
    case "list":
      return `a list of ${(value as unknown[]).length}`;
    case "object":
      return "an object";
    case "undefined":
      return "nothing";
    case "string": {
      const text = value as string;
      return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
    }
    default:
      return String(value);
  }
}
