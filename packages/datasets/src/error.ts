import type { CellProblem } from "./types.ts";

/**
 * What went wrong with a dataset or its schema:
 * `not-found` no such regular file · `unknown-format` neither extension nor first bytes tell the format ·
 * `empty` nothing in it, not even a header · `malformed` the bytes are not what the format asks for ·
 * `unsupported` valid, but holds what a flat table cannot (nested columns, LZO, …) ·
 * `unknown-column` a column that was asked for is not there · `problems` cells or columns contradict the schema ·
 * `invalid-schema` the schema file itself is wrong.
 */
export type DatasetErrorCode =
  | "not-found"
  | "unknown-format"
  | "empty"
  | "malformed"
  | "unsupported"
  | "unknown-column"
  | "problems"
  | "invalid-schema";

export interface DatasetErrorDetails {
  remedy: string;
  cause?: unknown;
  problems?: CellProblem[];
  totalProblems?: number;
}

/** The only error this package throws for bad input. `message` says what, where, actual and expected. */
export class DatasetError extends Error {
  readonly code: DatasetErrorCode;
  /** What the reader of the message can do about it. */
  readonly remedy: string;
  /** The first problems by row, at most ten; row 0 means the column as a whole. */
  readonly problems: readonly CellProblem[];
  /** How many problems there are, shown or not. */
  readonly totalProblems: number;

  constructor(code: DatasetErrorCode, message: string, details: DatasetErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "DatasetError";
    this.code = code;
    this.remedy = details.remedy;
    this.problems = details.problems ?? [];
    this.totalProblems = details.totalProblems ?? this.problems.length;
  }
}
