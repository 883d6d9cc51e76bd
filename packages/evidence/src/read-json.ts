/** JSON from outside, read once into a narrower type; what is wrong with it is said all at once, with places. */
import type { z } from "zod";
import { EvidenceError, type EvidenceErrorCode } from "./error.ts";

/** 5,000 gates with long names and reasons are about 3 MiB. */
const largestBytes = 16 * 1024 * 1024;
const problemsShown = 10;

export interface Source {
  /** How to name it to a person: a path, or "the statement". */
  place: string;
  /** What it should be: "a metrics file". */
  expected: string;
  remedy: string;
}

/** @throws EvidenceError `not-json` */
export function parseJson(text: string, { place, expected, remedy }: Source): unknown {
  if (text.length > largestBytes) {
    const mebibytes = (text.length / 1024 / 1024).toFixed(1);
    throw new EvidenceError(
      "not-json",
      `${shown(place)} has ${mebibytes} MiB; ${expected} has at most 16 MiB.`,
      remedy,
    );
  }
  if (text.trim() === "")
    throw new EvidenceError("not-json", `${shown(place)} is empty; expected ${expected}.`, remedy);
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""), refusePrototype);
  } catch (cause) {
    const why = cause instanceof Error ? shown(cause.message, 200) : "";
    throw new EvidenceError("not-json", `${shown(place)} is not JSON that we read: ${why}`, remedy, {
      cause,
    });
  }
}

/** @throws EvidenceError with `code`, listing at most ten problems with their paths. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  source: Source,
  code: EvidenceErrorCode = "malformed",
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const { issues } = result.error;
  const lines = issues
    .slice(0, problemsShown)
    .map((issue) => `  - ${pathOf(issue.path)}: ${problemOf(issue)}`);
  if (issues.length > problemsShown) lines.push(`  - and ${issues.length - problemsShown} more`);
  throw new EvidenceError(
    code,
    `${shown(source.place)} is not ${source.expected}:\n${lines.join("\n")}`,
    source.remedy,
  );
}

/** A key that assignments take for the prototype; zod would drop it in silence. */
function refusePrototype(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError("the key __proto__ is not allowed");
  return value;
}

/** Untrusted text inside a message: one line, no control characters, shortened. */
export function shown(value: string, maxLength = 120): string {
  const line = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").toWellFormed();
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line;
}

/** `gates[3].interval[0]`. */
function pathOf(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += `${text === "" ? "" : "."}${shown(String(key), 60)}`;
  }
  return text === "" ? "the whole" : text;
}

function problemOf(issue: z.core.$ZodIssue): string {
  const { input } = issue;
  const got =
    input === undefined
      ? "it is missing"
      : typeof input === "object" && input !== null
        ? `it is ${Array.isArray(input) ? "an array" : "an object"}`
        : `it is ${shown(typeof input === "string" ? JSON.stringify(input) : String(input), 60)}`;
  return `${shown(expectedBy(issue), 200)}; ${got}`;
}

/** zod's words without its names for what was given, which is told beside it as it is. */
export function expectedBy({ message }: { message: string }): string {
  return message.replace(/^Invalid (?:input|option): /, "").replace(/, received [\w ]+$/, "");
}
