import type { FileMetaData } from "hyparquet";
import { parquetMetadataAsync, parquetSchema } from "hyparquet";
import { z } from "zod";
import { quote } from "../quote.ts";
import type { Leaf } from "./leaf.ts";
import { leafOf } from "./leaf.ts";

/** What the footer of a Parquet file tells, checked: hyparquet hands on whatever a damaged footer decodes to. */
export interface Footer {
  /** The columns in the file's order: what they are, or why they cannot be read. */
  columns: Map<string, Leaf | string>;
  groups: RowGroup[];
}

export interface RowGroup {
  rows: number;
  /** Where the cells of a flat column lie. */
  chunks: Map<string, Chunk>;
}

export type Chunk = z.infer<typeof columnChunk>;

const position = z.bigint().nonnegative().max(BigInt(Number.MAX_SAFE_INTEGER)).transform(Number);

const columnChunk = z
  .object({
    type: z.string(),
    codec: z.string(),
    path_in_schema: z.array(z.string()),
    total_compressed_size: position,
    data_page_offset: position,
    dictionary_page_offset: position.optional(),
    statistics: z.object({ min_value: z.unknown(), max_value: z.unknown() }).partial().optional(),
  })
  .transform((chunk) => {
    // Some writers give 0 for "no dictionary"; the magic bytes are there.
    const start = chunk.dictionary_page_offset || chunk.data_page_offset;
    return {
      path: chunk.path_in_schema,
      physical: chunk.type,
      codec: chunk.codec,
      start,
      end: start + chunk.total_compressed_size,
      range: [chunk.statistics?.min_value, chunk.statistics?.max_value],
    };
  });

const fileMetadata = z.object({
  num_rows: position,
  schema: z.array(
    z.looseObject({
      name: z.string(),
      num_children: z.int().nonnegative().optional(),
      scale: z.int().optional(),
      type_length: z.int().nonnegative().optional(),
    }),
  ),
  row_groups: z.array(
    z.object({
      num_rows: position,
      columns: z.array(
        z.object({ file_path: z.undefined("column data in another file"), meta_data: columnChunk }),
      ),
    }),
  ),
});

/** Reads the footer. Throws a plain Error that says what is wrong with it. */
export async function readFooter(
  byteLength: number,
  slice: (start: number, end: number) => Promise<ArrayBuffer>,
): Promise<Footer> {
  const file = { byteLength, slice: (start: number, end = byteLength) => slice(start, end) };
  const decoded = await parquetMetadataAsync(file, { geoparquet: false });
  const checked = fileMetadata.safeParse(decoded);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new Error(`${issue?.path.join(".")}: ${issue?.message}`);
  }
  const groups = checked.data.row_groups.map(({ num_rows: rows, columns }) => ({
    rows,
    chunks: chunksOf(columns),
  }));
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  if (rows !== checked.data.num_rows)
    throw new Error(`${checked.data.num_rows} rows, but ${rows} in its row groups`);
  for (const chunk of groups.flatMap((group) => [...group.chunks.values()])) {
    if (chunk.start < 4 || chunk.end > byteLength)
      throw new Error(`column data at bytes ${chunk.start} to ${chunk.end}`);
  }
  return { columns: columnsOf(decoded), groups };
}

function chunksOf(columns: { meta_data: Chunk }[]): Map<string, Chunk> {
  const flat = columns.flatMap(({ meta_data: chunk }) => {
    const [name, ...rest] = chunk.path;
    return name === undefined || rest.length > 0 ? [] : [[name, chunk] as const];
  });
  return new Map(flat);
}

function columnsOf(metadata: FileMetaData): Footer["columns"] {
  const columns: Footer["columns"] = new Map();
  for (const { element, children } of parquetSchema(metadata).children) {
    if (columns.has(element.name)) throw new Error(`two columns are named ${quote(element.name)}`);
    columns.set(element.name, children.length > 0 ? "it is nested" : leafOf(element));
  }
  return columns;
}
