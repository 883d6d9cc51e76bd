import type { CellSink } from "./cells.ts";
import { BooleanBuilder } from "./columns/boolean.ts";
import type { ColumnBuilder, ColumnPlan } from "./columns/builder.ts";
import { NumberBuilder } from "./columns/number.ts";
import { StringBuilder } from "./columns/string.ts";
import type { Problems } from "./problems.ts";
import type { Table } from "./types.ts";

/**
 * Where a reader puts a file's rows. For each row it gives every sink one cell and then counts the row with `endRows`
 * (or, column by column, at most `room()` rows at once); a row that cannot be read at all is a `badRow`.
 */
export interface RowTarget {
  readonly sinks: readonly CellSink[];
  room(): number;
  endRows(count: number): void;
  badRow(column: string, problem: string): void;
}

/** Rows of one batch, at most. */
export const BATCH_ROWS = 65_536;

/** Builds tables of at most `BATCH_ROWS` rows. */
export class TableBuilder implements RowTarget {
  readonly sinks: readonly ColumnBuilder[];
  /** Rows seen so far, bad ones included. */
  rows = 0;
  private readonly problems: Problems;
  private filled = 0;
  private ready: Table[] = [];

  constructor(plan: readonly ColumnPlan[], problems: Problems) {
    this.problems = problems;
    this.sinks = plan.map((column) => columnBuilder(column, problems));
  }

  room(): number {
    return BATCH_ROWS - this.filled;
  }

  endRows(count: number): void {
    this.rows += count;
    this.filled += count;
    if (this.filled === BATCH_ROWS) this.cut();
  }

  badRow(column: string, problem: string): void {
    this.problems.add({ row: this.rows + 1, column, problem });
    for (const sink of this.sinks) sink.skip();
    this.endRows(1);
  }

  /** The tables completed since the last call; none that has a problem, or follows one. */
  drain(): Table[] {
    const tables = this.ready;
    this.ready = [];
    return tables;
  }

  /** Ends the last table. A file without rows still has one table, which tells its columns. */
  finish(): void {
    if (this.filled > 0 || this.rows === 0) this.cut();
  }

  private cut(): void {
    const columns = new Map(this.sinks.map((sink) => [sink.name, sink.take()]));
    if (this.problems.total === 0) this.ready.push({ rows: this.filled, columns });
    this.filled = 0;
  }
}

function columnBuilder(plan: ColumnPlan, problems: Problems): ColumnBuilder {
  if (plan.type === "string") return new StringBuilder(plan, problems);
  if (plan.type === "boolean") return new BooleanBuilder(plan, problems);
  return new NumberBuilder(plan, problems);
}
