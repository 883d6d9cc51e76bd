import type { CellSink } from "../cells.ts";
import type { ChunkBytes } from "./chunk-bytes.ts";
import type { Decompress } from "./codecs.ts";
import type { Cells, Leaf } from "./leaf.ts";
import { putCell } from "./leaf.ts";
import type { Page } from "./pages.ts";
import { readPages, sumOf } from "./pages.ts";
import type { Scratch } from "./scratch.ts";

/** Reads the cells of one column of one row group in order. No more than one page is decoded at a time. */
export class ChunkReader {
  private readonly leaf: Leaf;
  private readonly pages: Generator<Page, void>;
  private page: Page | null = null;
  /** The next row of the page, and its next cell that is not missing. */
  private row = 0;
  private cell = 0;
  /** For numbers on their way into a sink. */
  private readonly scratch: Scratch;

  constructor(chunk: ChunkBytes, leaf: Leaf, decompress: Decompress, scratch: Scratch) {
    this.leaf = leaf;
    this.scratch = scratch;
    this.pages = readPages(chunk, leaf, decompress);
  }

  /** Puts the next `count` cells into the sink. */
  read(count: number, sink: CellSink): void {
    let left = count;
    while (left > 0) {
      if (this.page === null || this.row === this.page.count) {
        this.nextPage();
        continue;
      }
      const rows = Math.min(left, this.page.count - this.row);
      const { cells } = this.page;
      if (this.leaf.type !== "timestamp" && isTyped(cells)) this.putNumbers(this.page, cells, rows, sink);
      else if (this.leaf.type === "string" && this.page.indexes !== null)
        this.putTexts(this.page, this.page.indexes, rows, sink);
      else this.put(this.page, rows, sink);
      left -= rows;
    }
  }

  private nextPage(): void {
    const next = this.pages.next();
    if (next.done) throw new Error("fewer cells than the row group has rows");
    this.page = next.value;
    this.row = 0;
    this.cell = 0;
  }

  private put(page: Page, rows: number, sink: CellSink): void {
    const { defined, cells, indexes } = page;
    const end = this.row + rows;
    for (; this.row < end; this.row += 1) {
      if (defined !== null && defined[this.row] === 0) {
        sink.missing();
      } else {
        const at = indexes === null ? this.cell : (indexes[this.cell] as number);
        putCell(sink, this.leaf.type, cells[at] as number | bigint | boolean | string);
        this.cell += 1;
      }
    }
  }

  /** As `put`, many cells at once, by their entries in the page's dictionary. */
  private putTexts(page: Page, indexes: Int32Array, rows: number, sink: CellSink): void {
    const defined = page.defined?.subarray(this.row, this.row + rows) ?? null;
    const present = defined === null ? rows : sumOf(defined);
    const entries = indexes.subarray(this.cell, this.cell + present);
    sink.strings(page.cells as readonly string[], entries, defined?.includes(0) ? defined : null);
    this.cell += present;
    this.row += rows;
  }

  /** As `put`, many cells at once. */
  private putNumbers(page: Page, cells: Numbers, rows: number, sink: CellSink): void {
    const levels = page.defined?.subarray(this.row, this.row + rows);
    const defined = levels?.includes(0) ? levels : null;
    if (defined === null && page.indexes === null && cells instanceof Float64Array) {
      sink.doubles(cells.subarray(this.cell, this.cell + rows), null);
      this.cell += rows;
    } else {
      const values = this.scratch.doubles(rows);
      this.cell = spread(values, cells, { indexes: page.indexes, defined, from: this.cell });
      sink.doubles(values, defined);
    }
    this.row += rows;
  }
}

type Numbers = Float64Array | Float32Array | Int32Array;

const isTyped = (cells: Cells): cells is Numbers =>
  cells instanceof Float64Array || cells instanceof Float32Array || cells instanceof Int32Array;

/** Each cell goes to its row. Returns the cell that follows the last one taken. */
function spread(
  into: Float64Array,
  cells: Numbers,
  { indexes, defined, from }: { indexes: Int32Array | null; defined: Uint8Array | null; from: number },
): number {
  let cell = from;
  for (let row = 0; row < into.length; row += 1) {
    if (defined !== null && defined[row] === 0) {
      into[row] = Number.NaN;
      continue;
    }
    into[row] = cells[indexes === null ? cell : (indexes[cell] as number)] as number;
    cell += 1;
  }
  return cell;
}
