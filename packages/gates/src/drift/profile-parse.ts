import { GatesError } from "../error.ts";
import { visible } from "../language/messages.ts";
import { type CategoryCounts, mostBuckets, namesFit } from "./category-sketch.ts";
import { mostCells, type NumericCells, rangeOf } from "./numeric-sketch.ts";
import type { CategoricalProfile, ColumnProfile, NumericProfile, Profile } from "./profile.ts";
import { readCells, readRuns } from "./profile-cells.ts";
import { profileSchema } from "./profile-format.ts";

/** Far above what a thousand columns take; a text beyond it is no profile. */
export const mostProfileChars = 32 * 1024 * 1024;
const mostColumns = 20_000;
const problemsShown = 10;

type Fields = Readonly<Record<string, unknown>>;
/** Takes a problem of the column that is being read. */
type Report = (problem: string) => void;

/**
 * Reads what `formatProfile` wrote. `place` names the text in messages: a path.
 * @throws GatesError `profile` with all that is wrong, at most ten of it, and what to do
 */
export function parseProfile(text: string, place: string): Profile {
  const problems: string[] = [];
  const profile = read(text, problems);
  if (profile !== undefined && problems.length === 0) return profile;
  const shown = problems.slice(0, problemsShown).map((problem) => `  - ${problem}`);
  const more = problems.length > problemsShown ? [`  - and ${problems.length - problemsShown} more`] : [];
  throw new GatesError(
    "profile",
    `${visible(place)} is not a profile that can be read:\n${[...shown, ...more].join("\n")}`,
    "Make the profile again from the reference data with the drift action of this version; a profile is not edited by hand.",
  );
}

function read(text: string, problems: string[]): Profile | undefined {
  if (text.length > mostProfileChars) {
    problems.push(`it has ${text.length} characters, at most ${mostProfileChars} are read`);
    return undefined;
  }
  const head = parseJson(text, problems);
  if (head === undefined) return undefined;
  if (head.schema !== profileSchema) {
    problems.push(`its schema is ${shown(head.schema)}, expected "${profileSchema}"`);
    return undefined;
  }
  assertOnly(head, ["schema", "rows", "columns"], (problem) => problems.push(problem));
  const rows = head.rows;
  const list = head.columns;
  if (!isCount(rows)) problems.push(`rows is ${shown(rows)}, expected a whole number from 0 on`);
  if (!Array.isArray(list) || list.length > mostColumns) {
    problems.push(
      `columns is ${Array.isArray(list) ? `a list of ${list.length}` : shown(list)}, expected a list of at most ${mostColumns}`,
    );
    return undefined;
  }
  const columns = new Map<string, ColumnProfile>();
  list.forEach((entry: unknown, i) => {
    readEntry(entry, i, Number(rows), columns, problems);
  });
  return { rows: Number(rows), columns: new Map([...columns].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function parseJson(text: string, problems: string[]): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value)) return value;
    problems.push(`it is ${shown(value)}, expected a JSON object`);
  } catch (error) {
    problems.push(`it is not JSON: ${visible((error as Error).message)}`);
  }
  return undefined;
}

function readEntry(
  entry: unknown,
  index: number,
  rows: number,
  columns: Map<string, ColumnProfile>,
  problems: string[],
): void {
  if (!isFields(entry) || typeof entry.name !== "string") {
    problems.push(`column ${index + 1} is ${shown(entry)}, expected an object with a name`);
    return;
  }
  const name = entry.name;
  const report: Report = (problem) => problems.push(`column ${visible(name)}: ${problem}`);
  if (columns.has(name)) report("it is there twice");
  const column = readColumn(entry, report);
  if (column === undefined) return;
  const counted = rowsOf(column);
  if (counted !== rows) report(`its counts add up to ${counted} rows, the profile has ${rows}`);
  columns.set(name, column);
}

function readColumn(fields: Fields, report: Report): ColumnProfile | undefined {
  const missing = fields.missing ?? 0;
  const nan = fields.nan ?? 0;
  if (!isCount(missing) || !isCount(nan) || nan > missing) {
    report(`missing ${shown(missing)} and nan ${shown(nan)}: expected whole numbers, nan a part of missing`);
    return undefined;
  }
  if (fields.kind === "numeric") return readNumeric(fields, { missing, nan }, report);
  if (fields.kind === "categorical") return readCategorical(fields, { missing, nan }, report);
  report(`its kind is ${shown(fields.kind)}, expected "numeric" or "categorical"`);
  return undefined;
}

function readNumeric(
  fields: Fields,
  gaps: { missing: number; nan: number },
  report: Report,
): NumericProfile | undefined {
  assertOnly(fields, ["name", "kind", "missing", "nan", "infinite", "range", "level", "cells"], report);
  const level = fields.level;
  const infinite = fields.infinite ?? [0, 0];
  if (!isCount(level) || level > 63) {
    report(`level is ${shown(level)}, expected a whole number from 0 to 63`);
    return undefined;
  }
  if (!Array.isArray(infinite) || infinite.length !== 2 || !infinite.every(isCount)) {
    report(`infinite is ${shown(infinite)}, expected two counts`);
    return undefined;
  }
  const cells = typeof fields.cells === "string" ? readCells(fields.cells, level) : undefined;
  if (cells === undefined) {
    report(`its cells cannot be read, or are more than ${mostCells}`);
    return undefined;
  }
  const range = readRange(fields.range, cells, report);
  const [negativeInfinity, positiveInfinity] = infinite as [number, number];
  return { kind: "numeric", ...gaps, negativeInfinity, positiveInfinity, ...range, cells };
}

/** The ends must lie in the first and the last cell. */
function readRange(
  range: unknown,
  { level, keys }: NumericCells,
  report: Report,
): Pick<NumericProfile, "minimum" | "maximum"> {
  const none = { minimum: null, maximum: null };
  if (keys.length === 0) {
    if (range !== undefined) report("it has a range but no cells");
    return none;
  }
  const [minimum, maximum] = Array.isArray(range) && range.length === 2 ? (range as unknown[]) : [];
  const first = rangeOf(keys[0] as number, level);
  const last = rangeOf(keys.at(-1) as number, level);
  const within = (value: unknown, { least, most }: typeof first): value is number =>
    typeof value === "number" && value >= least && value <= most;
  if (!within(minimum, first) || !within(maximum, last) || minimum > maximum) {
    report(`its range is ${shown(range)}, which does not fit its cells`);
    return none;
  }
  return { minimum, maximum };
}

function readCategorical(
  fields: Fields,
  gaps: { missing: number; nan: number },
  report: Report,
): CategoricalProfile | undefined {
  const hashed = fields.buckets !== undefined;
  assertOnly(
    fields,
    ["name", "kind", "missing", "nan", ...(hashed ? ["dropped", "buckets"] : ["names", "counts"])],
    report,
  );
  const categories = hashed ? readHashed(fields) : readNamed(fields);
  if (typeof categories === "string") {
    report(categories);
    return undefined;
  }
  return { kind: "categorical", ...gaps, categories };
}

function readHashed({ dropped, buckets }: Fields): CategoryCounts | string {
  if (!isCount(dropped) || dropped > 32)
    return `dropped is ${shown(dropped)}, expected a whole number from 0 to 32`;
  const runs = typeof buckets === "string" ? readRuns(buckets, mostBuckets) : undefined;
  if (runs === undefined || runs.places.some((place) => place >= 1n << BigInt(32 - dropped)))
    return `its buckets cannot be read, or are more than ${mostBuckets}`;
  return { by: "hash", dropped, buckets: Float64Array.from(runs.places, Number), counts: runs.counts };
}

function readNamed({ names, counts }: Fields): CategoryCounts | string {
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string"))
    return "names: expected a list of texts";
  if (
    !Array.isArray(counts) ||
    counts.length !== names.length ||
    !counts.every((count) => isCount(count) && count > 0)
  )
    return "counts: expected a whole number above 0 for each name";
  if (names.some((name, i) => i > 0 && name <= (names[i - 1] as string)))
    return "names: expected each once, in order";
  if (!namesFit(names)) return "names: they are longer than a profile keeps";
  return { by: "name", names, counts: Float64Array.from(counts as number[]) };
}

function rowsOf(column: ColumnProfile): number {
  const counts = column.kind === "numeric" ? column.cells.counts : column.categories.counts;
  const infinite = column.kind === "numeric" ? column.negativeInfinity + column.positiveInfinity : 0;
  return counts.reduce((sum, count) => sum + count, column.missing + infinite);
}

function assertOnly(fields: Fields, known: readonly string[], report: Report): void {
  const unknown = Object.keys(fields).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    report(
      `unknown ${unknown
        .slice(0, 5)
        .map((key) => shown(key))
        .join(", ")}`,
    );
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** A value as far as it fits a message. */
function shown(value: unknown): string {
  const text = visible(JSON.stringify(value) ?? "missing");
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
