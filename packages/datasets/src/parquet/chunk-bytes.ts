import type { Scratch } from "./scratch.ts";

/** Fills `into` with the file's bytes from `start` on. */
export type ReadBytes = (into: Uint8Array, start: number) => void;

/** Read at once where little is asked for: page headers are small, and so are the pages of repeating values. */
const WINDOW_BYTES = 1 << 15;

/**
 * The bytes of a column chunk, front to back, read from the file when they are needed: writers put a million rows into
 * a row group, and all its columns at once would fill the memory.
 */
export class ChunkBytes {
  private readonly read: ReadBytes;
  private position: number;
  private readonly end: number;
  /** What was read from `position` on, and not taken yet. */
  private window: Uint8Array = new Uint8Array(0);
  /** Where what is larger than the window is put together. */
  private readonly scratch: Scratch;

  constructor(read: ReadBytes, start: number, end: number, scratch: Scratch) {
    this.read = read;
    this.scratch = scratch;
    this.position = start;
    this.end = end;
  }

  /** Bytes of the chunk that were not taken yet. */
  get left(): number {
    return this.end - this.position;
  }

  /** The next bytes: at least `count`, or all that are left. They stay to be taken. */
  peek(count: number): Uint8Array {
    if (this.window.length < Math.min(count, this.left)) {
      this.window = this.joined(new Uint8Array(Math.min(this.left, Math.max(count, WINDOW_BYTES))));
    }
    return this.window;
  }

  /** The next `count` bytes, until the scratch is used again. Precondition: so many are left. */
  take(count: number): Uint8Array {
    const bytes =
      count <= this.window.length ? this.window.subarray(0, count) : this.joined(this.scratch.bytes(count));
    this.window = this.window.subarray(Math.min(count, this.window.length));
    this.position += count;
    return bytes;
  }

  /** The window, and what follows it in the file. */
  private joined(into: Uint8Array): Uint8Array {
    into.set(this.window);
    this.read(into.subarray(this.window.length), this.position + this.window.length);
    return into;
  }
}
