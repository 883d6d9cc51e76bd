import { DatasetError } from "./error.ts";
import type { Source } from "./source.ts";
import type { RowTarget } from "./table-builder.ts";
import type { ColumnType } from "./types.ts";

export interface TypedName {
  name: string;
  type: ColumnType;
}

/** A file format. Registered in `formats.ts`, from which all else follows. */
export interface Reader {
  /** How file names of this format end, lower case, with the dot. */
  readonly extensions: readonly string[];
  /** The bytes every file of the format starts with, if it has such. */
  readonly magic?: string;
  /** Reads as much as tells the columns. Throws a `DatasetError` when the file is not of this format. */
  open(source: Source): Promise<OpenDataset>;
}

export interface OpenDataset {
  /** The names in the file's order; null when only reading it all would tell (JSON Lines). */
  readonly names: readonly string[] | null;
  /** The types of the columns named, in the file's order (null = all): its own, or found by reading it all. */
  infer(names: readonly string[] | null): Promise<TypedName[]>;
  /**
   * Reads the columns of the plan row by row into `target`, whose sinks are in the plan's order. It yields whenever
   * the target may be emptied. Columns not in `known` (null = anything goes) are problems where the format finds
   * them row by row.
   */
  walk(plan: readonly TypedName[], target: RowTarget, known: ReadonlySet<string> | null): AsyncIterable<void>;
  close(): Promise<void>;
}

/** Each column costs buffers of its own, so a hostile header must not decide how many there are. */
const MAX_COLUMNS = 10_000;

export function checkColumnCount(source: Source, count: number): void {
  if (count <= MAX_COLUMNS) return;
  const [found, limit] = [count, MAX_COLUMNS].map((value) => value.toLocaleString("en-US"));
  throw new DatasetError(
    "unsupported",
    `the dataset ${source.shown} has ${found} columns or more, the limit is ${limit}`,
    {
      remedy:
        "Keep the columns that are needed; a feature vector of that size does not belong in single columns.",
    },
  );
}
