import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { parseTimestamp } from "./cells.ts";
import { DatasetError } from "./error.ts";
import { oneLine, quote } from "./quote.ts";
import { reason } from "./source.ts";

const columnSchema = z.strictObject({
  name: z.string().min(1),
  type: z.enum(["number", "integer", "string", "boolean", "timestamp"]),
  nullable: z.boolean().default(false),
  /** Numbers and integers; for timestamps milliseconds since 1970 or an ISO 8601 text. Both ends included. */
  minimum: z.union([z.number(), z.string()]).optional(),
  maximum: z.union([z.number(), z.string()]).optional(),
  /** The only values allowed: texts for a string column, numbers for a numeric one. */
  values: z
    .array(z.union([z.string(), z.number()]))
    .nonempty()
    .optional(),
  description: z.string().optional(),
});

const datasetSchema = z
  .strictObject({
    schema: z.literal("ml-actions/dataset-schema/v1"),
    /** `YYYYMMDD`; when given, it must be the version in the dataset's file name. */
    version: z
      .string()
      .regex(/^\d{8}$/, "must be a day as YYYYMMDD")
      .optional(),
    /** When given, the dataset must have exactly so many rows. */
    rows: z.int().nonnegative().optional(),
    columns: z.array(columnSchema).nonempty(),
    label: z.string().optional(),
  })
  .superRefine(checkConsistency);

export type SchemaColumn = z.infer<typeof columnSchema>;
export type DatasetSchema = z.infer<typeof datasetSchema>;

interface Issues {
  addIssue(issue: { code: "custom"; message: string; path: (string | number)[] }): void;
}

function checkConsistency(
  schema: { columns: SchemaColumn[]; label?: string | undefined },
  issues: Issues,
): void {
  const seen = new Set<string>();
  schema.columns.forEach((column, index) => {
    const report = (field: string, message: string) =>
      issues.addIssue({ code: "custom", message, path: ["columns", index, field] });
    if (seen.has(column.name)) report("name", `${quote(column.name)} is declared twice`);
    seen.add(column.name);
    const low = bound(column, column.minimum);
    const high = bound(column, column.maximum);
    if (low === null) report("minimum", `does not fit a ${column.type} column`);
    if (high === null) report("maximum", `does not fit a ${column.type} column`);
    if (typeof low === "number" && typeof high === "number" && low > high)
      report("minimum", "is above the maximum");
    if (column.values?.some((value) => !valueFits(column, value))) {
      report("values", `hold one that does not fit a ${column.type} column`);
    }
  });
  if (schema.label !== undefined && !seen.has(schema.label)) {
    issues.addIssue({
      code: "custom",
      message: `${quote(schema.label)} is not among the columns`,
      path: ["label"],
    });
  }
}

/** A minimum or maximum as a number (milliseconds for a timestamp); null when it does not fit the column's type. */
export function bound(column: SchemaColumn, value: number | string | undefined): number | null | undefined {
  if (value === undefined) return undefined;
  if (column.type === "timestamp") return typeof value === "number" ? value : parseTimestamp(value);
  return (column.type === "number" || column.type === "integer") && typeof value === "number" ? value : null;
}

function valueFits(column: SchemaColumn, value: string | number): boolean {
  if (column.type === "string") return typeof value === "string";
  if (column.type === "integer") return typeof value === "number" && Number.isInteger(value);
  return column.type === "number" && typeof value === "number";
}

/**
 * Reads a dataset schema (`ml-actions/dataset-schema/v1`). Throws a `DatasetError` that names every problem of the
 * file with its place in it.
 */
export async function loadSchema(path: string): Promise<DatasetSchema> {
  const shown = quote(path, 200);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new DatasetError("not-found", `the schema ${shown} cannot be read: ${reason(cause)}`, {
      remedy: "Check the path of the schema.",
      cause,
    });
  }
  return parseSchema(text, shown);
}

function parseSchema(text: string, shown: string): DatasetSchema {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DatasetError("invalid-schema", `the schema ${shown} is not JSON`, {
      remedy:
        'Write one JSON object: {"schema": "ml-actions/dataset-schema/v1", "columns": [{"name", "type"}, …]}.',
      cause,
    });
  }
  const parsed = datasetSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) =>
    oneLine(`${issue.path.join(".") || "the file"}: ${issue.message}`),
  );
  const more = issues.length > 10 ? `\n  and ${issues.length - 10} more` : "";
  const count = `${issues.length} problem${issues.length === 1 ? "" : "s"}`;
  const list = issues.slice(0, 10).map((issue) => `  ${issue}`);
  throw new DatasetError("invalid-schema", `the schema ${shown} has ${count}:\n${list.join("\n")}${more}`, {
    remedy: "Correct the schema file; packages/datasets/README.md lists its fields.",
    cause: parsed.error,
  });
}

/**
 * The path of the schema that lies beside a dataset (`dataset_v20131231.schema.json` for `dataset_v20131231.parquet`
 * or `dataset_v20131231.csv.gz`), or null when there is none.
 */
export async function schemaBeside(path: string): Promise<string | null> {
  const stem = basename(path).replace(/(?:\.[A-Za-z]+)?(?:\.gz)?$/i, "");
  const candidate = join(dirname(path), `${stem}.schema.json`);
  const found = await stat(candidate).catch(() => null);
  return found?.isFile() ? candidate : null;
}
