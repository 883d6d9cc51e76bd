/**
 * Two tables of 35 numbers and 15 texts in Parquet files in the cache, as many rows as a bench asks for: a reference,
 * and a current one in which three columns have moved. Deterministic.
 */

import { access, mkdir, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Random, xoshiro128 } from "@ml-actions/gates/random/xoshiro";
import { type ColumnSource, fileWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";

/** The name of the files: another content needs another. */
const edition = 1;
const rowsPerGroup = 100_000;
/** Columns that differ between the two tables. */
export const movedColumns = ["normal 0", "lognormal 1", "text 35"];

/** Paths of both tables. Made when they are not there, with progress on stderr. */
export async function driftRows(rows: number): Promise<{ reference: string; current: string }> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ml-actions", "bench");
  await mkdir(cache, { recursive: true });
  const pathOf = (side: string) => join(cache, `drift-${edition}-${rows}-${side}.parquet`);
  const paths = { reference: pathOf("reference"), current: pathOf("current") };
  for (const [side, path] of Object.entries(paths)) {
    if (await exists(path)) continue;
    console.error(`making ${path}`);
    const part = `${path}.${process.pid}`;
    write(part, rows, side === "current");
    await rename(part, path);
  }
  return paths;
}

function write(path: string, rows: number, moved: boolean): void {
  const schema = schemaFromColumnData({ columnData: group(0, 2, moved) });
  const file = new ParquetWriter({ writer: fileWriter(path), schema });
  for (let start = 0; start < rows; start += rowsPerGroup) {
    void file.write({ columnData: group(start, Math.min(rowsPerGroup, rows - start), moved) });
    process.stderr.write(`\r  ${(start + rowsPerGroup).toLocaleString("en-US")} rows `);
  }
  void file.finish();
  process.stderr.write("\n");
}

function group(start: number, rows: number, moved: boolean): ColumnSource[] {
  return Array.from({ length: 50 }, (_, column) => {
    const random = xoshiro128(column, start, moved ? 1 : 0);
    return column < 35 ? numbers(column, rows, moved, random) : texts(column, rows, moved, random);
  });
}

/** Fourteen normal and ten lognormal with nulls here and there, eleven counts. */
function numbers(column: number, rows: number, moved: boolean, random: Random): ColumnSource {
  const kind = column % 5 < 2 ? "normal" : column % 5 < 3 || column === 1 ? "lognormal" : "count";
  const name = column === 1 ? "lognormal 1" : `${kind} ${column}`;
  const shift = moved && movedColumns.includes(name) ? 0.6 : 0;
  const data = Array.from({ length: rows }, () => {
    if (kind === "count") return Math.floor(random.uniform() ** 2 * 60);
    const normal =
      Math.sqrt(-2 * Math.log(random.uniform())) * Math.cos(2 * Math.PI * random.uniform()) + shift;
    if (random.uniform() < 0.01) return null;
    return name.startsWith("lognormal") ? Math.exp(normal) * 100 : normal;
  });
  return { name, type: "DOUBLE", data };
}

/** Five to forty categories, the first the most frequent. */
function texts(column: number, rows: number, moved: boolean, random: Random): ColumnSource {
  const name = `text ${column}`;
  const categories = 5 + ((column * 7) % 36);
  const power = moved && movedColumns.includes(name) ? 1 : 2;
  const data = Array.from(
    { length: rows },
    () => `category ${Math.floor(random.uniform() ** power * categories)}`,
  );
  return { name, type: "STRING", data };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
