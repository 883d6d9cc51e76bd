import { joinTables } from "./collect.ts";
import type { ColumnPlan } from "./columns/builder.ts";
import { DatasetError } from "./error.ts";
import type { FormatName } from "./formats.ts";
import { chooseFormat, formats } from "./formats.ts";
import { Problems } from "./problems.ts";
import { quoteAll } from "./quote.ts";
import type { OpenDataset } from "./reader.ts";
import type { DatasetSchema } from "./schema.ts";
import { loadSchema, schemaBeside } from "./schema.ts";
import type { Source } from "./source.ts";
import { openSource } from "./source.ts";
import { TableBuilder } from "./table-builder.ts";
import type { Table } from "./types.ts";
import { datasetVersion } from "./version.ts";

export interface ReadOptions {
  /** Left out: the schema beside the dataset is used when there is one. Null: types are inferred all the same. */
  schema?: DatasetSchema | null;
  /** Only these columns are read (in the file's order, as ever), or those that the function chooses among all there
   * are; what it throws is thrown. Left out: all. */
  columns?: readonly string[] | ((names: readonly string[]) => readonly string[]);
  /** Left out: by the end of the file's name, else by its first bytes. */
  format?: FormatName;
}

/**
 * Reads a dataset into typed columns. Columns stand in the file's order (JSON Lines: the schema's, else of first
 * appearance). All problems with the schema are thrown as one `DatasetError` that shows the first ten.
 */
export async function readTable(path: string, options: ReadOptions = {}): Promise<Table> {
  const batches: Table[] = [];
  for await (const batch of readBatches(path, options)) batches.push(batch);
  return joinTables(batches);
}

/**
 * Reads a dataset as a stream of tables of at most 65,536 rows, all with the same columns and types; string columns
 * have a dictionary for each table. A file without rows gives one table without rows. When rows contradict the
 * schema the stream stops before the first such table, reads on to count every problem, and throws a `DatasetError`.
 */
export async function* readBatches(path: string, options: ReadOptions = {}): AsyncGenerator<Table> {
  const source = await openSource(path);
  const format = chooseFormat(source, options.format);
  const schema = await schemaFor(path, options.schema);
  checkVersion(source, schema);
  const dataset = await formats[format].open(source);
  try {
    const plan = await planColumns(source, dataset, schema, options.columns);
    yield* readPlanned(source, dataset, plan, schema);
  } finally {
    await dataset.close();
  }
}

async function schemaFor(
  path: string,
  given: DatasetSchema | null | undefined,
): Promise<DatasetSchema | null> {
  if (given !== undefined) return given;
  const beside = await schemaBeside(path);
  return beside === null ? null : loadSchema(beside);
}

function checkVersion(source: Source, schema: DatasetSchema | null): void {
  const version = datasetVersion(source.path);
  if (schema?.version === undefined || version === null || schema.version === version) return;
  throw new DatasetError(
    "problems",
    `the dataset ${source.shown} is of version ${version}, its schema of version ${schema.version}`,
    {
      remedy: "Give the schema that belongs to the dataset, or one without a version.",
    },
  );
}

/** Which columns to read, and as what. */
async function planColumns(
  source: Source,
  dataset: OpenDataset,
  schema: DatasetSchema | null,
  asked: ReadOptions["columns"],
): Promise<ColumnPlan[]> {
  if (schema === null) return inferColumns(source, dataset, asked);
  const declared = new Map(schema.columns.map((column) => [column.name, column]));
  if (dataset.names !== null) checkNames(source, dataset.names, declared);
  return chosen(source, dataset.names ?? [...declared.keys()], asked).flatMap((name) => {
    const rule = declared.get(name);
    return rule === undefined ? [] : [{ name, type: rule.type, rule }];
  });
}

async function inferColumns(
  source: Source,
  dataset: OpenDataset,
  asked: ReadOptions["columns"],
): Promise<ColumnPlan[]> {
  const wanted = dataset.names === null ? null : chosen(source, dataset.names, asked);
  const found = await dataset.infer(wanted);
  const names =
    wanted ??
    chosen(
      source,
      found.map((column) => column.name),
      asked,
    );
  const isWanted = new Set(names);
  return found.filter(({ name }) => isWanted.has(name)).map((column) => ({ ...column, rule: null }));
}

/** Which columns there are is checked before any cell: under a wrong header every cell would be wrong. */
function checkNames(source: Source, names: readonly string[], declared: ReadonlyMap<string, unknown>): void {
  const problems = new Problems();
  const present = new Set(names);
  for (const column of declared.keys()) {
    if (!present.has(column))
      problems.add({ row: 0, column, problem: "is in the schema, but not in the file" });
  }
  for (const column of names) {
    if (!declared.has(column))
      problems.add({ row: 0, column, problem: "is in the file, but not in the schema" });
  }
  const separator = names.length === 1 && /[;\t|]/.test(names[0] ?? "");
  problems.throwIfAny(
    source.path,
    separator ? "Separate the columns by commas." : "Make the columns of the file and of its schema agree.",
  );
}

/** The columns to read, in the file's order. */
function chosen(source: Source, names: readonly string[], asked: ReadOptions["columns"]): readonly string[] {
  if (asked === undefined) return names;
  const wanted = new Set(typeof asked === "function" ? asked(names) : asked);
  const present = new Set(names);
  const unknown = [...wanted].filter((name) => !present.has(name));
  if (unknown.length === 0) return names.filter((name) => wanted.has(name));
  const message = `the dataset ${source.shown} has no column ${quoteAll(unknown)}`;
  throw new DatasetError("unknown-column", message, { remedy: `Its columns are ${quoteAll(names)}.` });
}

async function* readPlanned(
  source: Source,
  dataset: OpenDataset,
  plan: ColumnPlan[],
  schema: DatasetSchema | null,
): AsyncGenerator<Table> {
  const problems = new Problems();
  const builder = new TableBuilder(plan, problems);
  const known = schema === null ? null : new Set(schema.columns.map((column) => column.name));
  for await (const _ of dataset.walk(plan, builder, known)) yield* builder.drain();
  builder.finish();
  if (schema?.rows !== undefined && schema.rows !== builder.rows) {
    const [actual, expected] = [builder.rows, schema.rows].map((rows) => rows.toLocaleString("en-US"));
    problems.add({ row: 0, column: "", problem: `has ${actual} rows, the schema says ${expected}` });
  }
  problems.throwIfAny(source.path, remedyFor(schema));
  yield* builder.drain();
}

function remedyFor(schema: DatasetSchema | null): string {
  return schema === null
    ? "Correct the rows, or write the file again with a tool that knows the format."
    : "Correct the cells, or the schema where it is wrong about them.";
}
