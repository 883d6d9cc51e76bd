import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { FIRST_INEXACT } from "../cells.ts";
import { DatasetError } from "../error.ts";
import { InferenceTarget } from "../infer.ts";
import { oneLine, quote } from "../quote.ts";
import type { OpenDataset, TypedName } from "../reader.ts";
import { checkColumnCount } from "../reader.ts";
import type { Source } from "../source.ts";
import type { RowTarget } from "../table-builder.ts";
import { ChunkReader } from "./chunk.ts";
import { ChunkBytes } from "./chunk-bytes.ts";
import type { Decompress } from "./codecs.ts";
import { codecs } from "./codecs.ts";
import type { Footer, RowGroup } from "./footer.ts";
import { readFooter } from "./footer.ts";
import type { Leaf } from "./leaf.ts";
import { Scratch } from "./scratch.ts";

/** Opens the file and reads its footer. Throws a `DatasetError` when it is not Parquet, or cut short. */
export async function openParquet(source: Source): Promise<OpenDataset> {
  const file = await open(source.path, "r");
  try {
    const slice = async (start: number, end: number) => {
      const bytes = new Uint8Array(end - start);
      readBytes(file, bytes, start);
      return bytes.buffer;
    };
    const footer = await decoding(source, "its footer", () => readFooter(source.bytes, slice));
    checkColumnCount(source, footer.columns.size);
    return new ParquetDataset(source, file, footer);
  } catch (error) {
    await file.close();
    throw error;
  }
}

class ParquetDataset implements OpenDataset {
  readonly names: readonly string[];
  private readonly source: Source;
  private readonly file: FileHandle;
  private readonly footer: Footer;
  /** By codec: each of snappy's has memory of its own, and is slow at first. */
  private readonly decompressors = new Map<string, Decompress>();

  constructor(source: Source, file: FileHandle, footer: Footer) {
    this.source = source;
    this.file = file;
    this.footer = footer;
    this.names = [...footer.columns.keys()];
  }

  /** The file declares its types. Only whether 64-bit integers fit a double takes a look at the cells. */
  async infer(names: readonly string[] | null): Promise<TypedName[]> {
    const leaves = this.readable(names ?? this.names);
    const plan = leaves.map(([name, { type }]) => ({ name, type }));
    const doubtful = plan.filter(
      (_, index) => leaves[index]?.[1].maybeInexact && !this.provenExact(leaves[index][0]),
    );
    if (doubtful.length === 0) return plan;
    const target = new InferenceTarget(doubtful.length);
    for await (const _ of this.walk(doubtful, target));
    const inexact = new Set(
      doubtful.filter((_, index) => target.sinks[index]?.settled).map((column) => column.name),
    );
    return plan.map(({ name, type }) => ({ name, type: inexact.has(name) ? "string" : type }));
  }

  async *walk(plan: readonly TypedName[], target: RowTarget): AsyncGenerator<void> {
    const leaves = this.readable(plan.map((column) => column.name));
    const scratch = new Scratch();
    for (const [index, group] of this.footer.groups.entries()) {
      const place = (name: string) => `column ${quote(name)} in row group ${index + 1}`;
      const readers: ChunkReader[] = [];
      for (const [name, leaf] of leaves) {
        readers.push(
          await decoding(this.source, place(name), () => this.openChunk(group, name, leaf, scratch)),
        );
      }
      for (let left = group.rows; left > 0; ) {
        const rows = Math.min(left, target.room());
        for (const [column, [name]] of leaves.entries()) {
          await decoding(this.source, place(name), async () => {
            const sink = target.sinks[column];
            if (sink !== undefined) await readers[column]?.read(rows, sink);
          });
        }
        target.endRows(rows);
        left -= rows;
        yield;
        // Nothing above waits for more than the disk: timers and signals have their turn here.
        await setImmediate();
      }
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** The columns by name and leaf; those that a flat table cannot hold are refused together. */
  private readable(names: readonly string[]): [name: string, leaf: Leaf][] {
    const leaves: [string, Leaf][] = [];
    const refused: string[] = [];
    for (const name of names) {
      const leaf = this.footer.columns.get(name);
      if (typeof leaf === "object") leaves.push([name, leaf]);
      else refused.push(`${quote(name)} (${leaf})`);
    }
    if (refused.length === 0) return leaves;
    const list =
      refused.slice(0, 10).join(", ") + (refused.length > 10 ? ` and ${refused.length - 10} more` : "");
    const message = `the dataset ${this.source.shown} has columns that a flat table cannot hold: ${list}`;
    throw new DatasetError("unsupported", message, {
      remedy: "Flatten or cast them when the file is written, or leave them out of the columns to read.",
    });
  }

  /** Row group statistics can prove that every integer is small enough. */
  private provenExact(name: string): boolean {
    const small = (end: unknown) => typeof end === "bigint" && end < FIRST_INEXACT && end > -FIRST_INEXACT;
    return this.footer.groups.every((group) => group.chunks.get(name)?.range.every(small));
  }

  private async openChunk(group: RowGroup, name: string, leaf: Leaf, scratch: Scratch): Promise<ChunkReader> {
    const chunk = group.chunks.get(name);
    if (chunk === undefined || chunk.physical !== leaf.physical) throw new Error("its data is not there");
    const load = Object.hasOwn(codecs, chunk.codec) ? codecs[chunk.codec] : undefined;
    if (load === undefined) {
      const message = `the column ${quote(name)} of ${this.source.shown} is compressed with ${quote(chunk.codec)}`;
      throw new DatasetError("unsupported", message, {
        remedy: "Write the file with snappy, zstd, gzip or brotli.",
      });
    }
    const decompress = this.decompressors.get(chunk.codec) ?? (await load());
    this.decompressors.set(chunk.codec, decompress);
    const read = (into: Uint8Array, start: number) => readBytes(this.file, into, start);
    const bytes = new ChunkBytes(read, chunk.start, chunk.end, scratch);
    return new ChunkReader(bytes, leaf, decompress, scratch);
  }
}

/** Runs a step of decoding. Whatever it stumbles over is the file's fault, and said so with the place. */
async function decoding<T>(source: Source, place: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    // A TypeError or RangeError from inside the decoder tells its reader nothing.
    const told = cause instanceof Error && cause.name === "Error";
    const why = told ? oneLine(cause.message.slice(0, 200)) : "its bytes make no sense";
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

/**
 * Fills `bytes` from `start` on. Without a hand-over to another thread, which takes as long as reading a page; decoding
 * it holds this thread longer than either.
 */
function readBytes(file: FileHandle, bytes: Uint8Array, start: number): void {
  let done = 0;
  while (done < bytes.length) {
    const bytesRead = readSync(file.fd, bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) throw new Error("the file ends too early");
    done += bytesRead;
  }
}
