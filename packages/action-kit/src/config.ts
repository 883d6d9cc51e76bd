/**
 * delivery.yaml: one section an action, named as the action, holding its inputs:
 *
 *     eval-gate:
 *       gates:
 *         - f1 >= baseline - 0.02
 *     x-shared: &shared …          # keys that start with `x-` are the reader's own
 *
 * The file comes from the checkout, so a pull request may have written it: every fault becomes a problem with line
 * and column, whatever the text.
 */
import type { Document, LineCounter, Pair, YAMLMap } from "yaml";
import type { Place } from "./action.ts";
import { closest, shown } from "./wording.ts";

/** Far above what any pipeline needs; what is larger is not a configuration. */
export const LARGEST_CONFIG_BYTES = 256 * 1024;
/** Each use of a YAML anchor counts; the file of a person stays far below, a "billion laughs" above. */
const MOST_ALIASES = 100;

export interface FileValue {
  value: unknown;
  place: Place;
}

export interface FileProblem {
  message: string;
  /** The input it is about, where it is about one. */
  input?: string;
  place: Place;
}

export interface ActionSection {
  values: Map<string, FileValue>;
  problems: FileProblem[];
}

interface Known {
  /** The name of the section that is wanted. */
  action: string;
  actions: readonly string[];
  inputs: readonly string[];
}

/** The section of one action; empty when the file has none. Never throws on any text. */
export async function readSection(text: string, file: string, known: Known): Promise<ActionSection> {
  if (Buffer.byteLength(text) > LARGEST_CONFIG_BYTES) {
    const message = `is larger than ${LARGEST_CONFIG_BYTES / 1024} KiB: this cannot be a delivery.yaml`;
    return { values: new Map(), problems: [{ message, place: { file } }] };
  }
  const yaml = await import("yaml");
  const lineCounter = new yaml.LineCounter();
  try {
    const document = yaml.parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
    if (document.errors.length > 0) {
      const problems = document.errors.slice(0, 10).map((error) => ({
        message: `is not valid YAML: ${error.message}`,
        place: placeAt(file, lineCounter, error.pos[0]),
      }));
      return { values: new Map(), problems };
    }
    return sectionOf(document, { ...known, file, lineCounter, isMap: yaml.isMap });
  } catch (error) {
    // The parser recurses: text nested some thousands deep ends in a RangeError, an alias bomb in a ReferenceError.
    const message = `cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`;
    return { values: new Map(), problems: [{ message, place: { file } }] };
  }
}

interface Reading extends Known {
  file: string;
  lineCounter: LineCounter;
  isMap: (node: unknown) => node is YAMLMap;
}

function sectionOf(document: Document, reading: Reading): ActionSection {
  const { file, lineCounter, isMap, action, actions } = reading;
  const section: ActionSection = { values: new Map(), problems: [] };
  const root = document.contents;
  if (root === null) return section;
  if (!isMap(root)) {
    const message = `expected the names of actions as keys (${actions.join(", ")}), got ${shown(root.toJS(document))}`;
    section.problems.push({ message, place: placeAt(file, lineCounter, root.range?.[0]) });
    return section;
  }
  for (const pair of root.items) {
    const { name, place } = keyOf(pair, file, lineCounter);
    if (name.startsWith("x-")) continue;
    if (!actions.includes(name)) {
      section.problems.push({ message: unknownKey("section", name, actions), place });
    } else if (name === action && isMap(pair.value)) {
      readInputs(document, pair.value, reading, section);
    } else if (name === action) {
      section.problems.push({ message: `\`${name}\`: expected inputs as keys`, place });
    }
  }
  return section;
}

function readInputs(document: Document, map: YAMLMap, reading: Reading, section: ActionSection): void {
  for (const pair of map.items) {
    const { name, place } = keyOf(pair, reading.file, reading.lineCounter);
    if (!reading.inputs.includes(name)) {
      section.problems.push({ message: unknownKey("input", name, reading.inputs), place });
      continue;
    }
    const node = pair.value as { toJS?: (document: Document, options: object) => unknown } | null;
    const value = node?.toJS?.(document, { maxAliasCount: MOST_ALIASES });
    if (value === null || value === undefined) {
      section.problems.push({ input: name, message: "has no value: give it one or remove the line", place });
    } else {
      section.values.set(name, { value, place });
    }
  }
}

function unknownKey(kind: string, name: string, known: readonly string[]): string {
  const near = closest(name, known);
  const hint = near === undefined ? `known are ${known.join(", ")}` : `did you mean \`${near}\`?`;
  return `there is no ${kind} ${shown(name)}; ${hint}`;
}

function keyOf(pair: Pair, file: string, lineCounter: LineCounter): { name: string; place: Place } {
  const key = pair.key as { value: unknown; range?: [number, number, number] | null };
  return { name: String(key.value), place: placeAt(file, lineCounter, key.range?.[0]) };
}

function placeAt(file: string, lineCounter: LineCounter, offset: number | undefined): Place {
  if (offset === undefined) return { file };
  const { line, col } = lineCounter.linePos(offset);
  return { file, line, column: col };
}
