/**
 * The kinds of input an action can have. A value arrives as text (`with:` in a workflow) or as YAML (delivery.yaml:
 * text, number, boolean or list), so every field accepts both; its input side is plain JSON Schema, its output side
 * is what the story works with. A default is given in the form a person would write: `duration().prefault("10m")`.
 * A refusal says what was expected, what was given, and where it helps an example of how to write it.
 */
import { z } from "zod";
import { closest, refusal, shown } from "./wording.ts";

export { filePath } from "./file-path.ts";

/** Node's timers take a signed 32-bit count of milliseconds; above that they fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const AMOUNT = String.raw`\d+(?:\.\d+)?`;
const DURATION = `^(?:(${AMOUNT})d)?\\s*(?:(${AMOUNT})h)?\\s*(?:(${AMOUNT})m(?!s))?\\s*(?:(${AMOUNT})s)?\\s*(?:(${AMOUNT})ms)?$`;
const DURATION_UNITS_MS = [86_400_000, 3_600_000, 60_000, 1_000, 1];

const scalar = (expected: string) =>
  z.union([z.string(), z.number()], { error: (issue) => refusal(expected, issue.input) });
const items = (expected: string) =>
  z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))], {
    error: (issue) => refusal(expected, issue.input),
  });

/** Any text. Numbers and booleans of YAML become text, so that `version: 20131231` works unquoted. */
export function text() {
  return z
    .union([z.string(), z.number(), z.boolean()], { error: (issue) => refusal("text", issue.input) })
    .transform(String);
}

/** The file that holds an action's inputs; every definition with `readsConfig` has this as its input `config`. */
export function config() {
  return text()
    .optional()
    .describe(
      "A YAML file with the inputs of this action under its name. Default: `delivery.yaml`, if there is one",
    );
}

export interface Bounds {
  min?: number;
  max?: number;
}

/** A finite number, `min` and `max` included. */
export function number(bounds: Bounds = {}) {
  const expected = `a number${range(bounds)}`;
  return scalar(expected)
    .meta({ ...jsonBounds(bounds), pattern: `^${NUMBER}$` })
    .transform((raw, context) => {
      const value = toNumber(raw);
      if (value !== undefined && inBounds(value, bounds)) return value;
      return refuse(context, raw, expected, decimalComma(raw));
    });
}

/** A whole number that JavaScript holds exactly, `min` and `max` included. */
export function integer(bounds: Bounds = {}) {
  const expected = `a whole number${range(bounds)}`;
  return scalar(expected)
    .meta({ ...jsonBounds(bounds), multipleOf: 1, pattern: String.raw`^[+-]?\d+$` })
    .transform((raw, context) => {
      const value = toNumber(raw);
      if (value !== undefined && Number.isSafeInteger(value) && inBounds(value, bounds)) return value;
      return refuse(context, raw, expected);
    });
}

/** `true` or `false`, as YAML 1.2 writes them. */
export function bool() {
  const expected = "`true` or `false`";
  return z
    .union([z.string(), z.boolean()], { error: (issue) => refusal(expected, issue.input) })
    .meta({ pattern: "^(true|True|TRUE|false|False|FALSE)$" })
    .transform((raw, context) => {
      if (typeof raw === "boolean") return raw;
      if (/^(true|True|TRUE)$/.test(raw)) return true;
      if (/^(false|False|FALSE)$/.test(raw)) return false;
      return refuse(context, raw, expected);
    });
}

/** One of a few words, exactly as written; a near miss is named. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  const expected = `one of ${words.map((word) => `\`${word}\``).join(", ")}`;
  return z.enum(words, {
    error: (issue) => {
      const near = typeof issue.input === "string" ? closest(issue.input, words) : undefined;
      return refusal(expected, issue.input, near && `did you mean \`${near}\`?`);
    },
  });
}

/**
 * A span of time → milliseconds: `250ms`, `90s`, `10m`, `1h30m`, `1.5h`, `2d`; units from long to short, each once.
 * The longest is 24.8 days (2³¹ − 1 ms), above which Node's timers would fire at once.
 */
export function duration({ minMs = 0, maxMs = LONGEST_TIMER_MS }: { minMs?: number; maxMs?: number } = {}) {
  const expected = `a duration such as \`90s\`, \`10m\` or \`1h30m\`${durationRange(minMs, maxMs)}`;
  return scalar(expected)
    .meta({ pattern: `${DURATION}|^0$`, maximum: 0 })
    .transform((raw, context) => {
      const valueMs = toMilliseconds(String(raw).trim());
      if (valueMs !== undefined && valueMs >= minMs && valueMs <= maxMs) return valueMs;
      const unit = /^\d+(\.\d+)?$/.test(String(raw).trim()) ? "its unit is missing" : undefined;
      return refuse(context, raw, expected, unit);
    });
}

/** Percentages, each above 0 and at most 100, each higher than the one before: `10, 25, 50, 100`. */
export function percentList() {
  const expected = "rising percentages above 0, at most 100, such as `10, 25, 50, 100`";
  return items(expected)
    .meta({ minItems: 1 })
    .transform((raw, context) => {
      const percents = split(raw, /[,\n]/).map((item) => toNumber(item.replace(/\s*%$/, "")));
      const rising = percents.every(
        (percent, i) => percent !== undefined && percent > (percents[i - 1] ?? 0) && percent <= 100,
      );
      if (percents.length > 0 && rising) return percents as number[];
      return refuse(context, raw, expected);
    });
}

/** Words separated by commas or lines, or a YAML list (whose items may hold commas). Each at most once. */
export function list() {
  return itemsSplitBy(/[,\n]/, "a list, separated by commas or lines");
}

/** One item a line, or a YAML list. Commas do not separate: what a line means is the business of its reader. */
export function lines() {
  return itemsSplitBy(/\n/, "text, one item a line");
}

/**
 * Lets a parser that throws be a field: `lines().transform(orProblem((lines) => parseGates(lines.join("\n"))))`. An
 * error with a `remedy` becomes a problem of this input, next to those of the others; any other error is a bug and
 * stays one.
 */
export function orProblem<Raw, Value>(parse: (raw: Raw) => Value) {
  return (raw: Raw, context: z.core.$RefinementCtx): Value => {
    try {
      return parse(raw);
    } catch (error) {
      if (!(error instanceof Error) || !("remedy" in error) || typeof error.remedy !== "string") throw error;
      context.issues.push({
        code: "custom",
        input: raw,
        message: `${error.message}\n${error.remedy}`.trim(),
      });
      return z.NEVER;
    }
  };
}

function itemsSplitBy(separator: RegExp, expected: string) {
  return items(expected)
    .meta({ minItems: 1 })
    .transform((raw, context) => {
      const words = split(raw, separator);
      const twice = words.find((word, i) => words.indexOf(word) !== i);
      if (words.length === 0) return refuse(context, raw, expected);
      if (twice !== undefined)
        return refuse(context, raw, "each item once", `${shown(twice)} is there twice`);
      return words;
    });
}

function split(raw: string | number | (string | number)[], separator: RegExp): string[] {
  const words = Array.isArray(raw) ? raw.map(String) : String(raw).split(separator);
  return words.map((word) => word.trim()).filter((word) => word !== "");
}

function toNumber(raw: string | number): number | undefined {
  const value =
    typeof raw === "number" ? raw : new RegExp(`^${NUMBER}$`).test(raw.trim()) ? Number(raw) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

function toMilliseconds(raw: string): number | undefined {
  if (raw === "0") return 0;
  const amounts = new RegExp(DURATION).exec(raw)?.slice(1);
  if (amounts === undefined || raw === "") return undefined;
  const totalMs = amounts.reduce(
    (sum, amount, i) => sum + Number(amount ?? 0) * (DURATION_UNITS_MS[i] ?? 0),
    0,
  );
  return Math.round(totalMs);
}

const inBounds = (value: number, { min, max }: Bounds): boolean =>
  (min === undefined || value >= min) && (max === undefined || value <= max);

const jsonBounds = ({ min, max }: Bounds) => ({
  ...(min === undefined ? {} : { minimum: min }),
  ...(max === undefined ? {} : { maximum: max }),
});

function range({ min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return `, at least ${min}`;
  return max === undefined ? "" : `, at most ${max}`;
}

function durationRange(minMs: number, maxMs: number): string {
  const least = minMs > 0 ? `, at least ${durationText(minMs)}` : "";
  return maxMs < LONGEST_TIMER_MS ? `${least}, at most ${durationText(maxMs)}` : least;
}

/** As it would be written: `90s`, `1m`, `250ms`. */
function durationText(ms: number): string {
  if (ms % 1000 !== 0) return `${ms}ms`;
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const;
  const [unit, unitMs] = units.find(([, each]) => ms % each === 0) ?? ["s", 1000];
  return `${ms / unitMs}${unit}`;
}

const decimalComma = (raw: string | number): string | undefined =>
  typeof raw === "string" && /^\s*\d+,\d+\s*$/.test(raw) ? "write the decimal sign as a point" : undefined;

function refuse(context: z.core.$RefinementCtx, given: unknown, expected: string, hint?: string): never {
  context.issues.push({ code: "custom", input: given, message: refusal(expected, given, hint) });
  return z.NEVER;
}
