/** Bytes `start` to `end` (not included) of the file. */
export type ReadBytes = (start: number, end: number) => Promise<Uint8Array>;

/** Read at once where little is asked for: page headers are small, and so are the pages of repeating values. */
const WINDOW_BYTES = 1 << 17;

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

  constructor(read: ReadBytes, start: number, end: number) {
    this.read = read;
    this.position = start;
    this.end = end;
  }

  /** Bytes of the chunk that were not taken yet. */
  get left(): number {
    return this.end - this.position;
  }

  /** The next bytes: at least `count`, or all that are left. They stay to be taken. */
  async peek(count: number): Promise<Uint8Array> {
    if (this.window.length < Math.min(count, this.left)) {
      this.window = await this.joinedTo(Math.min(this.left, Math.max(count, WINDOW_BYTES)));
    }
    return this.window;
  }

  /** The next `count` bytes. Precondition: so many are left. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = count <= this.window.length ? this.window.subarray(0, count) : await this.joinedTo(count);
    this.window = this.window.subarray(Math.min(count, this.window.length));
    this.position += count;
    return bytes;
  }

  private async joinedTo(count: number): Promise<Uint8Array> {
    const rest = await this.read(this.position + this.window.length, this.position + count);
    if (this.window.length === 0) return rest;
    const bytes = new Uint8Array(count);
    bytes.set(this.window);
    bytes.set(rest, this.window.length);
    return bytes;
  }
}
