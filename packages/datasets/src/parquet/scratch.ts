/**
 * Memory that the columns of a file use in turn, each until the next asks for it: a buffer for every page would keep
 * the garbage collector busy. What it holds before it is written to is left from the use before.
 */
export class Scratch {
  private buffer = new ArrayBuffer(0);

  bytes(count: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.atLeast(count), 0, count);
  }

  doubles(count: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.atLeast(count * 8), 0, count);
  }

  private atLeast(bytes: number): ArrayBuffer {
    if (this.buffer.byteLength < bytes) this.buffer = new ArrayBuffer(Math.ceil(bytes / 8) * 8);
    return this.buffer;
  }
}
