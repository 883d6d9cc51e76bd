/**
 * Gives an array's memory back at once; the array is empty then. For scratch of many rows that nobody else sees: arrays
 * lie outside the heap, and the garbage collector, which looks at the heap, lets hundreds of megabytes of them pile up.
 */
export function release(array: { buffer: ArrayBufferLike }): void {
  if (array.buffer instanceof ArrayBuffer) {
    array.buffer.transfer(0);
  }
}
