import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import type { FileMetaData, RowGroup } from "hyparquet";
import { parquetMetadataAsync, parquetSchema } from "hyparquet";
import { FIRST_INEXACT } from "../cells.ts";
import { DatasetError } from "../error.ts";
import { InferenceTarget } from "../infer.ts";
import { oneLine, quote } from "../quote.ts";
import type { OpenDataset, TypedName } from "../reader.ts";
import { checkColumnCount } from "../reader.ts";
import type { Source } from "../source.ts";
import type { RowTarget } from "../table-builder.ts";
import { ChunkReader } from "./chunk.ts";
import type { Decompress } from "./codecs.ts";
import { codecs } from "./codecs.ts";
import type { Leaf } from "./leaf.ts";
import { leafOf } from "./leaf.ts";

/** Opens the file and reads its footer. Throws a `DatasetError` when it is not Parquet, or cut short. */
export async function openParquet(source: Source): Promise<OpenDataset> {
  const file = await open(source.path, "r");
  try {
    const buffer = {
      byteLength: source.bytes,
      slice: async (start: number, end = source.bytes) =>
        (await readBytes(file, start, end)).buffer as ArrayBuffer,
    };
    const metadata = await decoding(source, "its footer", () =>
      parquetMetadataAsync(buffer, { geoparquet: false }),
    );
    const leaves = await decoding(source, "its schema", async () => leavesOf(metadata));
    checkColumnCount(source, leaves.size);
    return new ParquetDataset(source, file, metadata, leaves);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The columns by name: what they are, or why they cannot be read. */
type Leaves = Map<string, Leaf | string>;

function leavesOf(metadata: FileMetaData): Leaves {
  const leaves: Leaves = new Map();
  for (const { element, children } of parquetSchema(metadata).children) {
    if (leaves.has(element.name)) throw new Error(`two columns are named ${quote(element.name)}`);
    leaves.set(element.name, children.length > 0 ? "it is nested" : leafOf(element));
  }
  return leaves;
}

class ParquetDataset implements OpenDataset {
  readonly names: readonly string[];
  private readonly source: Source;
  private readonly file: FileHandle;
  private readonly metadata: FileMetaData;
  private readonly leaves: Leaves;

  constructor(source: Source, file: FileHandle, metadata: FileMetaData, leaves: Leaves) {
    this.source = source;
    this.file = file;
    this.metadata = metadata;
    this.leaves = leaves;
    this.names = [...leaves.keys()];
  }

  /** The file declares its types. Only whether 64-bit integers fit a double takes a look at the cells. */
  async infer(names: readonly string[] | null): Promise<TypedName[]> {
    const plan = (names ?? this.names).map(
      (name) => ({ name, type: this.leaf(name)?.type ?? "string" }) satisfies TypedName,
    );
    this.checkReadable(plan);
    const doubtful = plan.filter(({ name }) => this.leaf(name)?.maybeInexact && !this.provenExact(name));
    const target = new InferenceTarget(doubtful.length);
    if (doubtful.length > 0) for await (const _ of this.walk(doubtful, target));
    const found = new Map(doubtful.map(({ name }, index) => [name, target.sinks[index]?.settled === true]));
    return plan.map(({ name, type }) => ({ name, type: found.get(name) ? "string" : type }));
  }

  async *walk(plan: readonly TypedName[], target: RowTarget): AsyncGenerator<void> {
    this.checkReadable(plan);
    for (const [index, group] of this.metadata.row_groups.entries()) {
      const place = `row group ${index + 1}`;
      const readers: ChunkReader[] = [];
      for (const { name } of plan) {
        readers.push(await decoding(this.source, columnIn(name, place), () => this.openChunk(group, name)));
      }
      let left = Number(group.num_rows);
      while (left > 0) {
        const rows = Math.min(left, target.room());
        for (const [column, { name }] of plan.entries()) {
          const sink = target.sinks[column];
          const reader = readers[column];
          if (sink === undefined || reader === undefined) continue;
          await decoding(this.source, columnIn(name, place), async () => reader.read(rows, sink));
        }
        target.endRows(rows);
        left -= rows;
        yield;
      }
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private leaf(name: string): Leaf | null {
    const leaf = this.leaves.get(name);
    return leaf === undefined || typeof leaf === "string" ? null : leaf;
  }

  private checkReadable(plan: readonly TypedName[]): void {
    const refused = plan.flatMap(({ name }) => {
      const leaf = this.leaves.get(name);
      return typeof leaf === "string" ? [`${quote(name)} (${leaf})`] : [];
    });
    if (refused.length === 0) return;
    const more = refused.length > 10 ? ` and ${refused.length - 10} more` : "";
    const message = `the dataset ${this.source.shown} has columns that a flat table cannot hold: ${refused.slice(0, 10).join(", ")}${more}`;
    throw new DatasetError("unsupported", message, {
      remedy: "Flatten or cast them when the file is written, or leave them out of the columns to read.",
    });
  }

  /** Row group statistics can prove that every integer is small enough. */
  private provenExact(name: string): boolean {
    return this.metadata.row_groups.every((group) => {
      const statistics = chunkOf(group, name)?.statistics;
      return [statistics?.min_value, statistics?.max_value].every(
        (end) => typeof end === "bigint" && end < FIRST_INEXACT && end > -FIRST_INEXACT,
      );
    });
  }

  private async openChunk(group: RowGroup, name: string): Promise<ChunkReader> {
    const leaf = this.leaf(name);
    const chunk = chunkOf(group, name);
    if (leaf === null || chunk === undefined || chunk.type !== leaf.physical)
      throw new Error("no such column chunk");
    const decompress = await this.decompressor(name, chunk.codec);
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const end = start + Number(chunk.total_compressed_size);
    if (!(start >= 4 && start <= end && end <= this.source.bytes)) {
      throw new Error(`bytes ${start} to ${end} of a file of ${this.source.bytes}`);
    }
    return new ChunkReader(await readBytes(this.file, start, end), leaf, decompress);
  }

  private async decompressor(name: string, codec: keyof typeof codecs): Promise<Decompress> {
    const load = codecs[codec];
    if (load !== undefined) return load();
    const message = `the column ${quote(name)} of ${this.source.shown} is compressed with ${codec}`;
    throw new DatasetError("unsupported", message, {
      remedy: "Write the file with snappy, zstd, gzip or brotli.",
    });
  }
}

function chunkOf(group: RowGroup, name: string) {
  const column = group.columns.find(({ meta_data: about }) => {
    return about?.path_in_schema.length === 1 && about.path_in_schema[0] === name;
  });
  return column?.file_path === undefined ? column?.meta_data : undefined;
}

const columnIn = (name: string, place: string) => `column ${quote(name)} in ${place}`;

/** Runs a step of decoding. Whatever it stumbles over is the file's fault, and said so with the place. */
async function decoding<T>(source: Source, place: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    const why = oneLine((cause instanceof Error ? cause.message : String(cause)).slice(0, 200));
    throw new DatasetError(
      "malformed",
      `the dataset ${source.shown} is not a sound Parquet file: ${place}: ${why}`,
      {
        remedy: "Write or download the file again; it may have been cut short on the way.",
        cause,
      },
    );
  }
}

/** Bytes `start` to `end` (not included), in a buffer of their own. */
async function readBytes(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) throw new Error("the file ends too early");
    done += bytesRead;
  }
  return bytes;
}
