import type { Bound } from "../types.ts";
import type { Cursor } from "./cursor.ts";
import { closest } from "./suggest.ts";

export type Suffix = "" | "%" | "us" | "ms" | "s";

/** A number as read: its value in the unit that the gate holds (milliseconds, shares), and where it stood. */
export interface Quantity {
  value: number;
  suffix: Suffix;
  offset: number;
  /** As written, without spaces. */
  text: string;
}

/** A bound with what the check of its meaning needs to point at. */
export interface ReadBound {
  bound: Bound;
  text: string;
  offset: number;
  factor?: Quantity;
  /** The absolute value or what is added to the baseline, its sign applied. */
  amount?: Quantity;
}

const signedNumber = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const plainNumber = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const suffixWord = /%|[A-Za-zµμ]+/y;

const divisors: Record<Suffix, number> = { "": 1, "%": 100, us: 1000, ms: 1, s: 1 };

/** Reads `0.85`, `50ms`, `2%`, `baseline`, `baseline * 1.5`, `baseline - 0.02` or `baseline * 1.2 + 5ms`. */
export function parseBound(cursor: Cursor): ReadBound {
  const offset = cursor.offset;
  const name = cursor.take(word);
  if (name === undefined) {
    const amount = parseQuantity(cursor, signedNumber, "expected a bound: a number, or baseline");
    cursor.skipSpace();
    if (cursor.peek() === "*") {
      cursor.fail("a number cannot be multiplied here", `Write baseline * ${amount.text}.`);
    }
    return { bound: { kind: "absolute", value: amount.value }, text: amount.text, offset, amount };
  }
  if (name !== "baseline") {
    refuseWord(cursor, name, offset);
  }
  return parseAgainstBaseline(cursor, offset);
}

function refuseWord(cursor: Cursor, name: string, offset: number): never {
  if (/^(nan|inf|infinity)$/i.test(name)) {
    cursor.fail(`${name} is not a bound: it must be a finite number`, undefined, offset);
  }
  const near =
    closest(name.toLowerCase(), ["baseline"]) ??
    (/^(previous|deployed|stable|current|production)$/i.test(name) ? "baseline" : undefined);
  cursor.fail(`expected a bound: a number, or baseline`, near && `Did you mean ${near}?`, offset);
}

function parseAgainstBaseline(cursor: Cursor, offset: number): ReadBound {
  const read: ReadBound = { bound: { kind: "baseline", factor: 1, offset: 0 }, text: "baseline", offset };
  let factor = 1;
  let added = 0;
  cursor.skipSpace();
  if (cursor.peek() === "*") {
    cursor.offset++;
    cursor.skipSpace();
    read.factor = parseQuantity(cursor, plainNumber, "expected a number to multiply the baseline with");
    factor = read.factor.value;
    read.text += ` * ${read.factor.text}`;
    cursor.skipSpace();
  }
  const sign = cursor.peek();
  if (sign === "+" || sign === "-") {
    cursor.offset++;
    cursor.skipSpace();
    const amount = parseQuantity(
      cursor,
      plainNumber,
      `expected a number behind ${sign}, without a sign of its own`,
    );
    read.text += ` ${sign} ${amount.text}`;
    added = sign === "-" && amount.value !== 0 ? -amount.value : amount.value;
    read.amount = { ...amount, value: added };
  } else if (sign === "/") {
    cursor.fail("the baseline cannot be divided", "Multiply instead: baseline * 0.5.");
  }
  read.bound = { kind: "baseline", factor, offset: added };
  return read;
}

function parseQuantity(cursor: Cursor, pattern: RegExp, expected: string): Quantity {
  const offset = cursor.offset;
  const digits = cursor.take(pattern);
  if (digits === undefined) {
    cursor.fail(expected);
  }
  cursor.skipSpace();
  const suffixOffset = cursor.offset;
  const suffix = readSuffix(cursor.take(suffixWord) ?? "");
  if (suffix === undefined && suffixOffset > offset + digits.length) {
    // A word apart is no unit: whoever reads on says what was expected in its place.
    cursor.offset = suffixOffset;
    return quantity(cursor, digits, "", offset);
  }
  if (suffix === undefined) {
    cursor.fail("unknown unit", "Units are us, ms, s and %.", suffixOffset);
  }
  return quantity(cursor, digits, suffix, offset);
}

function quantity(cursor: Cursor, digits: string, suffix: Suffix, offset: number): Quantity {
  const value = (Number(digits) * (suffix === "s" ? 1000 : 1)) / divisors[suffix];
  if (!Number.isFinite(value)) {
    cursor.fail("the number is too large", undefined, offset);
  }
  return { value: value === 0 ? 0 : value, suffix, offset, text: digits + suffix };
}

function readSuffix(text: string): Suffix | undefined {
  // Both code points that print as µ: the micro sign and the Greek letter.
  const plain = text.replace(/^[µμ]s$/, "us");
  return Object.hasOwn(divisors, plain) ? (plain as Suffix) : undefined;
}

/** The bound in the words of the language, from its numbers alone: milliseconds for time, shares for proportions. */
export function formatBound(bound: Bound, isTime: boolean): string {
  const unit = isTime ? "ms" : "";
  if (bound.kind === "absolute") {
    return `${bound.value}${unit}`;
  }
  const factor = bound.factor === 1 ? "" : ` * ${bound.factor}`;
  const sign = bound.offset < 0 ? "-" : "+";
  const offset = bound.offset === 0 ? "" : ` ${sign} ${Math.abs(bound.offset)}${unit}`;
  return `baseline${factor}${offset}`;
}
