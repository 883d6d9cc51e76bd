import { findMetric, namesFor } from "../catalog.ts";
import { visible } from "../language/messages.ts";
import { formatGate } from "../language/parse.ts";
import { formatMetric } from "../language/slice.ts";
import { closest } from "../language/suggest.ts";
import type { Gate, Slice } from "../types.ts";
import type { Evaluation, SliceColumn } from "./evaluation.ts";
import { gatherRows, type Rows } from "./rows.ts";

/** More values than this, or longer ones, are an identifier or a text and not a slice. */
const maxSlices = 200;
const maxValueChars = 200;

/** A gate with the rows that it looks at, or why there are none. */
export type Question = {
  gate: Gate;
  metric: string;
  /** Text of the `{column=*}` gate that the value comes from; null where the gate names its value or has no slice. */
  every: string | null;
} & ({ rows: Rows } | { rows: null; reason: string });

/** Expands `{column=*}` to the values that the data has, and finds the rows of every gate. Rows whose value is
 * missing belong to no slice. A gate that expansion would repeat is asked once, as named when one of them is. */
export function questionsOf(
  gates: readonly Gate[],
  evaluation: Evaluation,
  rowsOf = sliceFinder(evaluation),
): Question[] {
  const questions = gates
    .flatMap((gate) => expand(gate, evaluation).map((one) => ({ gate: one, every: everyOf(gate, one) })))
    .map(({ gate, every }): Question => {
      const metric = formatMetric(gate.metric, gate.slice);
      const found = rowsOf(gate.slice);
      return typeof found === "string"
        ? { gate, metric, every, rows: null, reason: found }
        : { gate, metric, every, rows: found };
    });
  const asked = new Map<string, Question>();
  for (const question of questions) {
    const text = formatGate(question.gate);
    if (asked.get(text)?.every !== null) {
      asked.set(text, question);
    }
  }
  return [...asked.values()];
}

function everyOf(gate: Gate, expanded: Gate): string | null {
  return gate === expanded ? null : gate.text;
}

/** Fewer rows than this say little of a slice, and a table of such figures misleads. */
const minReportedRows = 30;

/**
 * What readers want to see of every column that is given, gates or no gates: the metrics on labels that the gates speak
 * of, else the first that the task has.
 */
export function reportedSlices(
  gates: readonly Gate[],
  evaluation: Evaluation,
  rowsOf: SliceFinder,
): Question[] {
  const onLabels = namesFor({ place: "offline", task: evaluation.task }).filter(
    (name) => name !== "nan_rate" && findMetric(name)?.tasks.includes(evaluation.task),
  );
  const spokenOf = onLabels.filter((name) => gates.some(({ metric }) => metric === name));
  const metrics = spokenOf.length > 0 ? spokenOf : onLabels.slice(0, 1);
  const questions = Object.keys(evaluation.slices ?? {}).flatMap((column) =>
    metrics.map((metric): Gate => {
      const slice: Slice = { column, value: "*", every: true };
      // The bound is never looked at: these are read, not judged.
      const bound = { kind: "absolute", value: 0 } as const;
      return { text: formatMetric(metric, slice), metric, slice, comparison: ">=", bound };
    }),
  );
  return questionsOf(questions, evaluation, rowsOf).filter(
    ({ rows }) => rows !== null && rows.n >= minReportedRows,
  );
}

function expand(gate: Gate, evaluation: Evaluation): Gate[] {
  const column = gate.slice?.every ? columnOf(gate.slice, evaluation) : undefined;
  if (gate.slice === undefined || column === undefined) {
    return [gate];
  }
  const rows = rowsByCode(column);
  const values = column.names.filter((_, code) => (rows[code] as Uint32Array).length > 0);
  if (values.length === 0 || values.length > maxSlices || values.some(tooLong)) {
    return [gate];
  }
  const every = formatMetric(gate.metric, gate.slice);
  return values.map((value) => {
    const slice: Slice = { column: (gate.slice as Slice).column, value, every: false };
    return { ...gate, slice, text: gate.text.replace(every, () => formatMetric(gate.metric, slice)) };
  });
}

function columnOf({ column }: Slice, { slices = {} }: Evaluation): SliceColumn | undefined {
  return Object.hasOwn(slices, column) ? slices[column] : undefined;
}

/** The rows of a slice, all without; a sentence where there are none. */
type SliceFinder = (slice: Slice | undefined) => Rows | string;

/** Gathers the rows of each slice once, so that what is computed of them is shared by all who ask. */
export function sliceFinder(evaluation: Evaluation): SliceFinder {
  const gathered = new Map<string, Rows>();
  const byCode = new Map<string, Uint32Array[]>();
  return (slice) => {
    const key = slice === undefined ? "" : formatMetric("", slice);
    const indexes = slice === undefined ? undefined : indexesOf(slice, evaluation, byCode);
    if (typeof indexes === "string") {
      return indexes;
    }
    const rows = gathered.get(key) ?? gatherRows(evaluation, indexes);
    gathered.set(key, rows);
    return rows;
  };
}

function indexesOf(
  slice: Slice,
  evaluation: Evaluation,
  byCode: Map<string, Uint32Array[]>,
): Uint32Array | string {
  const column = columnOf(slice, evaluation);
  const shownColumn = visible(slice.column);
  if (column === undefined) {
    return `there is no column ${shownColumn} to slice by${hint(slice.column, Object.keys(evaluation.slices ?? {}))}`;
  }
  if (slice.every) {
    return unexpanded(shownColumn, column);
  }
  const groups = byCode.get(slice.column) ?? rowsByCode(column);
  byCode.set(slice.column, groups);
  const rows = groups[column.names.indexOf(slice.value)];
  return rows !== undefined && rows.length > 0
    ? rows
    : `no row has ${shownColumn}=${visible(slice.value)}${hint(slice.value, column.names)}`;
}

function tooLong(value: string): boolean {
  return value.length > maxValueChars;
}

function unexpanded(shownColumn: string, { names }: SliceColumn): string {
  if (names.some(tooLong)) {
    return `column ${shownColumn} has values of more than ${maxValueChars} characters`;
  }
  return names.length > maxSlices
    ? `column ${shownColumn} has ${names.length.toLocaleString("en-US")} values, at most ${maxSlices} can be slices`
    : `column ${shownColumn} has no values`;
}

/** Names in a hint at most, so that a reason stays a sentence. */
const namesShown = 8;

function hint(wanted: string, all: readonly string[]): string {
  const names = all.slice(0, 1000).filter((name) => !tooLong(name));
  const near = closest(wanted, names);
  if (near !== undefined) {
    return `; did you mean ${visible(near)}?`;
  }
  const shown = names.slice(0, namesShown).map(visible).join(", ");
  return names.length === 0 ? "" : `; there are ${shown}${names.length > namesShown ? ", …" : ""}`;
}

/** Row numbers of every value, in order. */
function rowsByCode({ codes, names }: SliceColumn): Uint32Array[] {
  const counts = new Uint32Array(names.length);
  for (const code of codes) {
    if (code >= 0) {
      counts[code] = (counts[code] as number) + 1;
    }
  }
  const groups = Array.from(counts, (count) => new Uint32Array(count));
  counts.fill(0);
  codes.forEach((code, row) => {
    if (code >= 0) {
      const place = counts[code] as number;
      (groups[code] as Uint32Array)[place] = row;
      counts[code] = place + 1;
    }
  });
  return groups;
}
