/** What a statement says, held against what is expected of its kind. */
import type { SignedStatement } from "../signing/types.ts";
import type { TestResultStatement } from "../statement.ts";
import type { Expectations } from "./types.ts";

export interface Refusal {
  /** What was found and what was expected. */
  reason: string;
  /** What to do about it. */
  remedy: string;
}

export interface Reading {
  /** When it was judged by its own word, milliseconds since 1970; null when it does not tell. */
  finishedAt: number | null;
  /** The first thing that is wrong with it; null: it says what is expected. */
  refusal: Refusal | null;
  /** Of gates: by which configuration, and what they came to, whatever the policy expects beside. */
  gated?: Gated;
  /** For people, when nothing is wrong: `PASSED: 3 gates, rule prove`. */
  says: string;
}

export interface Gated {
  /** `sha256:<hex>` of the gate configuration; null: it names none. */
  configuration: string | null;
  result: TestResultStatement["predicate"]["result"];
  /** The gates that did not pass and why, shortened: `: f1 >= 0.4 (it is 0.3)`; empty when all passed. */
  culprits: string;
}

export interface ReadingContext {
  expected: Expectations;
  /** How to name it in a message: `the evidence eval (sha256:ab12…)`. */
  place: string;
  /** Milliseconds since 1970. */
  now: number;
}

/** @throws EvidenceError `malformed` or `contradiction` for what no producer of this kind would write */
export type Reader = (statement: SignedStatement, context: ReadingContext) => Reading;
