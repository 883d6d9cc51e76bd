/** YAML or JSON of a policy, read so that every fault has a line and a column. A pull request may have written it. */
import { type Document, isMap, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { EvidenceError } from "../error.ts";
import { expectedBy, shown } from "../read-json.ts";

/** Far above any policy of a person. */
const largestCharacters = 256 * 1024;
/** Each use of a YAML anchor counts: below, a person's file; above, a "billion laughs". */
const mostAliases = 100;
const problemsShown = 10;
const remedy = "The README of `verify` has a whole policy to begin with.";

/**
 * @param place the file's path, for messages
 * @throws EvidenceError `policy` with all problems (ten at most), each with its line and column
 */
export function readPolicyText<Schema extends z.ZodType>(
  text: string,
  place: string,
  schema: Schema,
): z.output<Schema> {
  if (text.length > largestCharacters) {
    throw refused(
      `${shown(place)} has ${text.length} characters; a policy has at most ${largestCharacters}.`,
    );
  }
  const lines = new LineCounter();
  const { document, value } = parsed(text, place, lines);
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, document, lines, shown(place)));
  const rest = problems.length - problemsShown;
  throw refused(
    [
      `${shown(place)} is not a policy:`,
      ...problems.slice(0, problemsShown).map((problem) => `  - ${problem}`),
      ...(rest > 0 ? [`  - and ${rest} more`] : []),
    ].join("\n"),
  );
}

function refused(message: string, cause?: unknown): EvidenceError {
  return new EvidenceError("policy", message, remedy, { cause });
}

function parsed(text: string, place: string, lines: LineCounter): { document: Document; value: unknown } {
  let document: Document.Parsed;
  let value: unknown;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    // Also what would make a number of `1e999`, or a key of `__proto__`, goes through the schema below.
    value = document.errors.length > 0 ? null : document.toJS({ maxAliasCount: mostAliases });
  } catch (cause) {
    // The parser recurses: text nested some thousands deep ends in a RangeError, an alias bomb in a ReferenceError.
    const why = cause instanceof Error ? shown(cause.message, 200) : "unreadable";
    throw refused(`${shown(place)} cannot be read as YAML: ${why}`, cause);
  }
  if (document.errors.length > 0) {
    const problems = document.errors
      .slice(0, problemsShown)
      .map((error) => `  - ${at(shown(place), lines, error.pos[0])}: ${shown(error.message, 200)}`);
    throw refused(`${shown(place)} is not valid YAML:\n${problems.join("\n")}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    const found = value === null ? "nothing" : Array.isArray(value) ? "a list" : shown(String(value), 60);
    throw refused(
      `${shown(place)} is not a policy: expected keys such as \`identity\` and \`require\`, found ${found}.`,
    );
  }
  return { document, value };
}

function problemsOf(
  issue: z.core.$ZodIssue,
  document: Document,
  lines: LineCounter,
  place: string,
): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return `${at(place, lines, offsetOf(document, path))}: ${nameOf(path)}: there is no such key`;
    });
  }
  // Of a union the branch that got furthest says what is wrong.
  if (issue.code === "invalid_union") {
    const value = document.getIn(issue.path as (string | number)[]);
    const branch = issue.errors.find((_, index) => isMap(value) === (index === issue.errors.length - 1));
    if (branch !== undefined) {
      return branch.flatMap((inner) =>
        problemsOf(
          { ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue,
          document,
          lines,
          place,
        ),
      );
    }
  }
  return [
    `${at(place, lines, offsetOf(document, issue.path))}: ${nameOf(issue.path)}: ${shown(expectedBy(issue), 600)}${found(issue)}`,
  ];
}

/** Where the key stands, or the value in a list; of what is missing, the nearest that is there. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0];
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => String((item.key as { value?: unknown } | null)?.value) === String(key),
      );
      if (pair === undefined) return offset;
      offset = (pair.key as { range?: [number, number, number] | null }).range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item = (node as { items?: unknown[] } | null)?.items?.[Number(key)];
      if (item === undefined) return offset;
      offset = (item as { range?: [number, number, number] | null }).range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}

function at(place: string, lines: LineCounter, offset: number | undefined): string {
  if (offset === undefined) return place;
  const { line, col } = lines.linePos(offset);
  return `${place}:${line}:${col}`;
}

function nameOf(path: readonly PropertyKey[]): string {
  const name = path
    .map((key) => (typeof key === "number" ? `item ${key + 1}` : shown(String(key), 60)))
    .join(": ");
  return name === "" ? "the whole" : name;
}

function found(issue: z.core.$ZodIssue): string {
  if (issue.code === "custom") return "";
  const { input } = issue;
  if (input === undefined) return "; it is missing";
  if (typeof input === "object" && input !== null)
    return `; it is ${Array.isArray(input) ? "a list" : "a map"}`;
  return `; it is ${shown(typeof input === "string" ? JSON.stringify(input) : String(input), 60)}`;
}
