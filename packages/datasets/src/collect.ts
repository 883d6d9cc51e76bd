import type { BooleanColumn, Column, NumberColumn, StringColumn, Table } from "./types.ts";

/**
 * One table of all batches, which must have the same columns. The batches are emptied column by column on the way, so
 * that memory peaks at the table's own size and one column more.
 */
export function joinTables(batches: readonly Table[]): Table {
  const [first] = batches;
  if (first === undefined) return { rows: 0, columns: new Map() };
  if (batches.length === 1) return first;
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const columns = new Map<string, Column>();
  for (const name of [...first.columns.keys()]) {
    columns.set(name, joinColumn(name, rows, batches));
    for (const batch of batches) batch.columns.delete(name);
  }
  return { rows, columns };
}

function joinColumn(name: string, rows: number, batches: readonly Table[]): Column {
  const parts = batches.map((batch) => batch.columns.get(name) as Column);
  const kind = parts[0]?.kind;
  if (kind === "string") return joinStrings(name, rows, parts as StringColumn[]);
  if (kind === "boolean")
    return joinValues<BooleanColumn>(name, rows, parts as BooleanColumn[], new Uint8Array(rows));
  return joinValues<NumberColumn>(name, rows, parts as NumberColumn[], new Float64Array(rows));
}

function joinValues<C extends NumberColumn | BooleanColumn>(
  name: string,
  rows: number,
  parts: readonly C[],
  values: C["values"],
): C {
  const missing = parts.some((part) => part.missing !== null) ? new Uint8Array(rows) : null;
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    if (part.missing !== null) missing?.set(part.missing, at);
    at += part.values.length;
  }
  return { kind: parts[0]?.kind, name, values, missing } as C;
}

/** Each batch has a dictionary of its own; the joint one keeps the order of first appearance. */
function joinStrings(name: string, rows: number, parts: readonly StringColumn[]): StringColumn {
  const codes = new Int32Array(rows);
  const dictionary: string[] = [];
  const index = new Map<string, number>();
  let at = 0;
  for (const part of parts) {
    const translation = Int32Array.from(part.dictionary, (value) => {
      let code = index.get(value);
      if (code === undefined) {
        code = dictionary.push(value) - 1;
        index.set(value, code);
      }
      return code;
    });
    for (const code of part.codes) codes[at++] = code < 0 ? -1 : (translation[code] as number);
  }
  return { kind: "string", name, codes, dictionary };
}
