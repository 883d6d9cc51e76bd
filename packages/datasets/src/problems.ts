import { DatasetError } from "./error.ts";
import { quote } from "./quote.ts";
import type { CellProblem } from "./types.ts";

const SHOWN = 10;

/**
 * Collects what is wrong with the cells of a dataset: the ten first by row (within a row in the order they were
 * found) and the count of all, so that memory stays bounded however bad the file is.
 */
export class Problems {
  total = 0;
  private readonly first: CellProblem[] = [];

  add(problem: CellProblem): void {
    this.total += 1;
    const last = this.first[SHOWN - 1];
    if (last !== undefined && problem.row >= last.row) return;
    let at = this.first.length;
    while (at > 0 && (this.first[at - 1]?.row ?? 0) > problem.row) at -= 1;
    this.first.splice(at, 0, problem);
    if (this.first.length > SHOWN) this.first.pop();
  }

  /** Throws all that was collected as one error; returns when there is nothing. */
  throwIfAny(path: string, remedy: string): void {
    if (this.total === 0) return;
    const count = `${this.total.toLocaleString("en-US")} problem${this.total === 1 ? "" : "s"}`;
    const shown = this.total > this.first.length ? `, the first ${this.first.length} by row` : "";
    const lines = this.first.map((problem) => `  ${place(problem)}: ${problem.problem}`);
    throw new DatasetError("problems", `${quote(path, 200)} has ${count}${shown}:\n${lines.join("\n")}`, {
      remedy,
      problems: this.first,
      totalProblems: this.total,
    });
  }
}

function place({ row, column }: CellProblem): string {
  const parts = [];
  if (row > 0) parts.push(`row ${row.toLocaleString("en-US")}`);
  if (column !== "") parts.push(`column ${quote(column)}`);
  return parts.length > 0 ? parts.join(", ") : "the file";
}
