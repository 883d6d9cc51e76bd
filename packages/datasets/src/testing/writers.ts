import { writeFileSync } from "node:fs";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { FormatName } from "../formats.ts";
import type { ColumnType } from "../types.ts";

/** Test helper: logical columns that every format can hold. An `id` is an integer that no double holds. */
export type LogicalColumn =
  | { name: string; type: "id"; cells: (bigint | null)[] }
  | { name: string; type: Exclude<ColumnType, "string" | "boolean">; cells: (number | null)[] }
  | { name: string; type: "string"; cells: (string | null)[] }
  | { name: string; type: "boolean"; cells: (boolean | null)[] };

/** One writer a format: a format without one does not compile. */
export const writers: Record<FormatName, (path: string, columns: LogicalColumn[]) => void> = {
  csv(path, columns) {
    const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const lines = rowsOf(columns).map((row) =>
      row.map((cell) => quoted(cell === null ? "" : String(cell))).join(","),
    );
    writeFileSync(path, [columns.map(({ name }) => quoted(name)).join(","), ...lines, ""].join("\r\n"));
  },
  jsonl(path, columns) {
    const lines = rowsOf(columns).map((row) => {
      const pairs = row.map((cell, index) => {
        const column = columns[index] as LogicalColumn;
        const bare = column.type === "id" || cell === null || typeof cell !== "string";
        return `${JSON.stringify(column.name)}:${bare ? String(cell) : JSON.stringify(cell)}`;
      });
      return `{${pairs.join(",")}}\n`;
    });
    writeFileSync(path, lines.join(""));
  },
  parquet(path, columns) {
    const types = {
      number: "DOUBLE",
      integer: "INT64",
      id: "INT64",
      string: "STRING",
      boolean: "BOOLEAN",
      timestamp: "TIMESTAMP",
    } as const;
    const columnData = columns.map(({ name, type, cells }) => ({
      name,
      type: types[type],
      nullable: true,
      data: cells.map((cell) => {
        if (cell === null) return null;
        if (type === "integer") return BigInt(cell as number);
        return type === "timestamp" ? new Date(cell as number) : cell;
      }),
    }));
    writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 40_000 })));
  },
};

/** The cells by row; times as ISO 8601 text, as the text formats hold them. */
function rowsOf(columns: LogicalColumn[]): (number | string | boolean | bigint | null)[][] {
  const count = columns[0]?.cells.length ?? 0;
  return Array.from({ length: count }, (_, row) =>
    columns.map((column) => {
      const cell = column.cells[row] ?? null;
      // JavaScript pads the digits of a large double with zeros; a bigint prints what is there.
      if (column.type === "integer" && Number.isInteger(cell)) return BigInt(cell as number);
      return column.type === "timestamp" && cell !== null ? new Date(cell as number).toISOString() : cell;
    }),
  );
}

/** Every type, with what is hostile about it. */
export const COLUMNS: LogicalColumn[] = [
  { name: "score", type: "number", cells: [0.1, -2.5e300, null, 5, 1e21, 0] },
  { name: "count", type: "integer", cells: [1, -7, 2 ** 53 - 1, null, 0, 2 ** 60] },
  { name: "id", type: "id", cells: [2n ** 53n + 1n, 1n, null, -(2n ** 62n) - 1n, 7n, 2n ** 60n] },
  {
    name: "carrier",
    type: "string",
    cells: ["UA", "AA", "UA", null, 'say "hi",\nthere\r\n', " naïve 日本 🛫 "],
  },
  { name: "late", type: "boolean", cells: [true, false, null, true, false, false] },
  { name: "when", type: "timestamp", cells: [0, -1, 1_385_856_000_123, null, 253402300799999, 951782400000] },
  { name: "nothing", type: "number", cells: [null, null, null, null, null, null] },
  { name: "__proto__", type: "string", cells: ["a", "b", "c", "d", "e", "f"] },
  { name: 'hostile "name",\n::set-output::', type: "integer", cells: [1, 2, 3, 4, 5, 6] },
];
