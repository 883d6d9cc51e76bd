/**
 * The RLE / bit-packing hybrid of Parquet (parquet-format, Encodings.md, "RLE = 3"), used for definition levels,
 * dictionary indexes and booleans. hyparquet's own decoder trusts the run lengths in the file: a damaged one makes it
 * write two billion values. Here no more than `output.length` values are written, and missing bytes are an error.
 */
export function decodeRuns(bytes: Uint8Array, bitWidth: number, output: Uint8Array | Int32Array): void {
  if (bitWidth > 32) throw new Error(`a bit width of ${bitWidth}`);
  if (bitWidth === 0) {
    output.fill(0);
    return;
  }
  let at = 0;
  let done = 0;
  while (done < output.length) {
    const { value: header, end } = readVarint(bytes, at);
    at = end;
    if (header % 2 === 0) {
      const count = Math.min(header / 2, output.length - done);
      const width = Math.ceil(bitWidth / 8);
      if (at + width > bytes.length) throw new Error("a run is cut short");
      let value = 0;
      for (let index = 0; index < width; index += 1) value |= (bytes[at + index] as number) << (8 * index);
      at += width;
      output.fill(value, done, done + count);
      done += count;
    } else {
      const values = ((header - 1) / 2) * 8;
      const count = Math.min(values, output.length - done);
      unpack(bytes, at, bitWidth, output, done, count);
      at += (values / 8) * bitWidth;
      done += count;
    }
  }
}

/** Unsigned LEB128 of at most 32 bits. */
export function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  throw new Error("a variable-length integer is cut short");
}

/** Values of `bitWidth` bits, least significant bit first. */
function unpack(
  bytes: Uint8Array,
  start: number,
  bitWidth: number,
  output: Uint8Array | Int32Array,
  from: number,
  count: number,
): void {
  if (start + Math.ceil((count * bitWidth) / 8) > bytes.length)
    throw new Error("a bit-packed run is cut short");
  const narrow = bitWidth <= 17 ? unpackNarrow(bytes, start, bitWidth, output, from, count) : 0;
  let bit = start * 8 + narrow * bitWidth;
  for (let index = narrow; index < count; index += 1) {
    let value = 0;
    let read = 0;
    while (read < bitWidth) {
      const offset = bit & 7;
      const take = Math.min(8 - offset, bitWidth - read);
      value |= (((bytes[bit >>> 3] as number) >> offset) & ((1 << take) - 1)) << read;
      read += take;
      bit += take;
    }
    output[from + index] = value;
  }
}

/** Up to 17 bits lie within three bytes, wherever they begin. Returns how many values have three bytes to be read from. */
function unpackNarrow(
  bytes: Uint8Array,
  start: number,
  bitWidth: number,
  output: Uint8Array | Int32Array,
  from: number,
  count: number,
): number {
  const mask = (1 << bitWidth) - 1;
  const readable = Math.floor(((bytes.length - start - 2) * 8) / bitWidth);
  const narrow = Math.max(0, Math.min(count, readable));
  for (let index = 0, bit = start * 8; index < narrow; index += 1, bit += bitWidth) {
    const at = bit >>> 3;
    const word = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    output[from + index] = (word >>> (bit & 7)) & mask;
  }
  return narrow;
}
