/** Whether an object already is what a request whose answer was lost should have made of it. */
import { record } from "./failures.ts";

/** What the server sets itself, or what the request only named as its condition. */
const notCompared = new Set(["resourceVersion", "managedFields", "generation", "uid", "creationTimestamp"]);

/** `whole`: labels, annotations and data must have no keys besides; for a request that replaces, where a key that is
 * still there shows that it was not done. Elsewhere the server adds defaults, so more may be there than was asked for. */
export function isDone(wanted: unknown, found: unknown, { whole = false } = {}): boolean {
  const { metadata: wantedMeta, status: _, ...wantedRest } = record(wanted);
  const { metadata: foundMeta, ...foundRest } = record(found);
  const kept = Object.entries(record(wantedMeta)).filter(([name]) => !notCompared.has(name));
  const covered = covers(Object.fromEntries(kept), foundMeta) && covers(wantedRest, foundRest);
  if (!covered || !whole) return covered;
  return (
    sameKeys(record(wantedMeta).labels, record(foundMeta).labels) &&
    sameKeys(record(wantedMeta).annotations, record(foundMeta).annotations) &&
    sameKeys(wantedRest.data, foundRest.data) &&
    sameKeys(wantedRest.spec, foundRest.spec)
  );
}

function covers(wanted: unknown, found: unknown): boolean {
  // In a merge patch null removes.
  if (wanted === null || wanted === undefined) return found === null || found === undefined;
  if (typeof wanted !== "object") return wanted === found;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((one, i) => covers(one, found[i]))
    );
  }
  const fields = Object.entries(wanted);
  // The server drops empty objects, as `labels: {}`.
  if (fields.length === 0) return true;
  return fields.every(([name, value]) => covers(value, record(found)[name]));
}

function sameKeys(wanted: unknown, found: unknown): boolean {
  return Object.keys(record(wanted)).length === Object.keys(record(found)).length;
}
