import type { CellSink } from "../cells.ts";
import type { Decompress } from "./codecs.ts";
import type { Leaf } from "./leaf.ts";
import { putCell } from "./leaf.ts";
import type { Page } from "./pages.ts";
import { readPages } from "./pages.ts";

/** Reads the cells of one column of one row group in order. No more than one page is decoded at a time. */
export class ChunkReader {
  private readonly leaf: Leaf;
  private readonly pages: Generator<Page>;
  private page: Page | null = null;
  /** The next row of the page, and its next cell that is not missing. */
  private row = 0;
  private cell = 0;

  constructor(chunk: Uint8Array, leaf: Leaf, decompress: Decompress) {
    this.leaf = leaf;
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
      this.put(this.page, rows, sink);
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
}
