import { crc32 } from "node:zlib";
import { parquetHeader } from "hyparquet/src/column.js";
import type { ChunkBytes } from "./chunk-bytes.ts";
import type { Decompress } from "./codecs.ts";
import type { Cells, Leaf } from "./leaf.ts";
import { decodeRuns } from "./runs.ts";
import { decodeValues } from "./values.ts";

/** One page of a column: `count` rows, whose cells that are not missing follow each other in `cells`. */
export interface Page {
  count: number;
  /** One byte a row, 0 = missing; null when nothing is. */
  defined: Uint8Array | null;
  /** Of the cells, or the dictionary that `indexes` points into. */
  cells: Cells;
  indexes: Int32Array | null;
}

type PageHeader = ReturnType<typeof parquetHeader>;

/** Writers make pages of about 1 MB; these limits only keep a damaged header from filling the memory. */
const MAX_PAGE_BYTES = 1 << 28;
const MAX_PAGE_ROWS = 1 << 24;

/** Larger than any header without long texts in its statistics. */
const USUAL_HEADER_BYTES = 1 << 10;

/** Decodes a column chunk page by page. Throws a plain Error on anything that contradicts the format. */
export function* readPages(chunk: ChunkBytes, leaf: Leaf, decompress: Decompress): Generator<Page, void> {
  let dictionary: Cells | null = null;
  while (chunk.left > 0) {
    const header = nextHeader(chunk);
    const size = header.compressed_page_size;
    if (!(size >= 0 && size <= chunk.left)) throw new Error(`a page of ${size} bytes`);
    const body = chunk.take(size);
    if (header.crc !== undefined && crc32(body) >>> 0 !== header.crc >>> 0)
      throw new Error("a page fails its checksum");
    if (header.type === "DICTIONARY_PAGE") {
      const count = rowCount(header.dictionary_page_header?.num_values);
      const values = decodeValues(unpacked(body, header, decompress), "PLAIN", count, leaf);
      dictionary = leaf.decode(values);
    } else if (header.type === "DATA_PAGE") {
      yield readDataPage(body, header, leaf, decompress, dictionary);
    } else if (header.type === "DATA_PAGE_V2") {
      yield readDataPageV2(body, header, leaf, decompress, dictionary);
    } else if (header.type !== "INDEX_PAGE") {
      throw new Error(`a page of type ${header.type}`);
    }
  }
}

/** A header does not tell its length: when it does not end within the bytes looked at, more are looked at. */
function nextHeader(chunk: ChunkBytes): PageHeader {
  for (let reach = USUAL_HEADER_BYTES; ; reach *= 8) {
    const bytes = chunk.peek(reach);
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
    try {
      const header = parquetHeader(reader);
      chunk.take(reader.offset);
      return header;
    } catch (error) {
      if (bytes.length >= chunk.left) throw error;
    }
  }
}

function rowCount(count: number | undefined): number {
  if (count === undefined || !(count >= 0 && count <= MAX_PAGE_ROWS))
    throw new Error(`a page of ${count} values`);
  return count;
}

function unpacked(body: Uint8Array, header: PageHeader, decompress: Decompress, levels = 0): Uint8Array {
  const size = header.uncompressed_page_size - levels;
  if (!(size >= 0 && size <= MAX_PAGE_BYTES)) throw new Error(`a page of ${size} bytes when decompressed`);
  const page = decompress(body, size);
  if (page.length !== size) throw new Error(`a page of ${page.length} bytes where its header says ${size}`);
  return page;
}

/** Version 1: the levels lie in the compressed page, with their length before them. */
function readDataPage(
  body: Uint8Array,
  header: PageHeader,
  leaf: Leaf,
  decompress: Decompress,
  dictionary: Cells | null,
): Page {
  const about = header.data_page_header;
  const count = rowCount(about?.num_values);
  let values = unpacked(body, header, decompress);
  let defined: Uint8Array | null = null;
  if (leaf.optional) {
    if (about?.definition_level_encoding !== "RLE")
      throw new Error(`levels in ${about?.definition_level_encoding}`);
    const length = new DataView(values.buffer, values.byteOffset, values.byteLength).getUint32(0, true);
    defined = readLevels(values.subarray(4, 4 + length), count);
    values = from(values, 4 + length);
  }
  return decodePage(values, about?.encoding, count, defined, leaf, dictionary);
}

/** The bytes from `start` on, moved to where eight-byte numbers can be read in place: it saves a second copy of them. */
function from(page: Uint8Array, start: number): Uint8Array {
  const shift = (page.byteOffset + start) % 8;
  if (start > page.length || shift > start) return page.subarray(start);
  return page.copyWithin(start - shift, start).subarray(start - shift, page.length - shift);
}

/** Version 2: the levels lie before the page and are never compressed. */
function readDataPageV2(
  body: Uint8Array,
  header: PageHeader,
  leaf: Leaf,
  decompress: Decompress,
  dictionary: Cells | null,
): Page {
  const about = header.data_page_header_v2;
  const count = rowCount(about?.num_values);
  const repetition = about?.repetition_levels_byte_length ?? 0;
  const definition = about?.definition_levels_byte_length ?? 0;
  const levels = repetition + definition;
  if (!(repetition >= 0 && definition >= 0 && levels <= body.length))
    throw new Error(`levels of ${levels} bytes`);
  const defined = leaf.optional ? readLevels(body.subarray(repetition, levels), count) : null;
  const packed = body.subarray(levels);
  const values =
    about?.is_compressed === false ? packed.slice() : unpacked(packed, header, decompress, levels);
  return decodePage(values, about?.encoding, count, defined, leaf, dictionary);
}

/** The definition levels of a flat column are 0 (missing) and 1. */
function readLevels(bytes: Uint8Array, count: number): Uint8Array {
  const levels = new Uint8Array(count);
  decodeRuns(bytes, 1, levels);
  return levels;
}

function decodePage(
  values: Uint8Array,
  encoding: Parameters<typeof decodeValues>[1] | undefined,
  count: number,
  defined: Uint8Array | null,
  leaf: Leaf,
  dictionary: Cells | null,
): Page {
  const present = defined === null ? count : sumOf(defined);
  const mask = present === count ? null : defined;
  if (encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY") {
    if (dictionary === null) throw new Error("a page refers to a dictionary that is not there");
    return {
      count,
      defined: mask,
      cells: dictionary,
      indexes: readIndexes(values, present, dictionary.length),
    };
  }
  if (encoding === undefined) throw new Error("a page without an encoding");
  const decoded = present === 0 ? [] : decodeValues(values, encoding, present, leaf);
  return { count, defined: mask, cells: leaf.decode(decoded), indexes: null };
}

/** How many cells are there. */
export function sumOf(levels: Uint8Array): number {
  let sum = 0;
  for (let row = 0; row < levels.length; row += 1) sum += levels[row] as number;
  return sum;
}

function readIndexes(bytes: Uint8Array, count: number, size: number): Int32Array {
  const indexes = new Int32Array(count);
  if (count === 0) return indexes;
  const bitWidth = bytes[0];
  if (bitWidth === undefined) throw new Error("a page without dictionary indexes");
  decodeRuns(bytes.subarray(1), bitWidth, indexes);
  for (let at = 0; at < count; at += 1) {
    const index = indexes[at] as number;
    if (index < 0 || index >= size) throw new Error(`entry ${index} of a dictionary of ${size}`);
  }
  return indexes;
}
