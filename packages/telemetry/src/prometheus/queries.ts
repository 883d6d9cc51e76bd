/** The reader's own PromQL: checked before the first look, filled in for each side. */
import { quoted, TelemetryError } from "../error.ts";
import type { Unit } from "../family.ts";
import { insideQuotes, pattern } from "./promql.ts";

/** What is counted, and what a query must give: one number, or one a bucket by its label `le`. */
export const queryNames = {
  requests: "number",
  errors: "number",
  nan: "number",
  latency: "buckets",
  scores: "buckets",
} as const;
export type QueryName = keyof typeof queryNames;

/** What a query may leave open, and whether it tells the sides apart. */
const placeholders = { namespace: false, workload: true, release: true, pods: true } as const;
export type Placeholder = keyof typeof placeholders;

export interface Queries {
  texts: Partial<Record<QueryName, string>> & { requests: string; errors: string };
  /** Of `latency`, by the names of its series. */
  unit: Unit;
}

interface Hole {
  name: string;
  from: number;
  to: number;
  /** Of the string it stands in; null: of none. */
  quote: string | null;
  /** Behind `=~` or `!~`. */
  isPattern: boolean;
}

const longestQuery = 10_000;

/** `queries` as they were given, by name. All problems are told at once.
 * @throws TelemetryError `invalid` */
export function parseQueries(given: Readonly<Record<string, unknown>>): Queries {
  const problems: string[] = [];
  const texts = new Map<string, string>();
  for (const [name, text] of Object.entries(given)) {
    if (!Object.hasOwn(queryNames, name)) {
      problems.push(`"${quoted(name, 40)}" is none; there are ${Object.keys(queryNames).join(", ")}`);
    } else if (typeof text !== "string" || text.trim() === "") problems.push(`${name}: is no PromQL`);
    else if (text.length > longestQuery) problems.push(`${name}: is longer than ${longestQuery} characters`);
    else {
      texts.set(name, text.trim());
      problems.push(...problemsOf(text).map((problem) => `${name}: ${problem}`));
    }
  }
  for (const name of ["requests", "errors"])
    if (!Object.hasOwn(given, name)) problems.push(`${name}: is missing`);
  const unit = unitOf(texts.get("latency"));
  if (unit === null) {
    problems.push(
      "latency: the names of its series do not say one unit, as `_seconds_bucket` and `_milliseconds_bucket` do; a recording rule can give them such a name",
    );
  }
  if (problems.length > 0) {
    throw new TelemetryError(
      "invalid",
      `The queries cannot be asked:\n${problems.map((line) => `  - ${line}`).join("\n")}`,
      'Correct them; one looks like requests: sum(http_requests_total{namespace="{{namespace}}",pod=~"{{pods}}"}).',
    );
  }
  return { texts: Object.fromEntries(texts) as Queries["texts"], unit: unit ?? "s" };
}

function problemsOf(text: string): string[] {
  const holes = holesOf(text);
  const problems = holes.flatMap(({ name, quote, isPattern }) => {
    if (!Object.hasOwn(placeholders, name)) {
      const known = Object.keys(placeholders).map((one) => `{{${one}}}`);
      return [`"{{${quoted(name, 40)}}}" stands for nothing; there are ${known.join(", ")}`];
    }
    if (quote !== '"' && quote !== "'") return [`{{${name}}} must stand in "…" or '…'`];
    return name === "pods" && !isPattern
      ? ["{{pods}} is a pattern of all pods' names: it must stand behind =~"]
      : [];
  });
  const tells = holes.some(
    ({ name }) => Object.hasOwn(placeholders, name) && placeholders[name as Placeholder],
  );
  return problems.length > 0 || tells
    ? problems
    : ["it is the same for both sides; {{workload}}, {{release}} and {{pods}} are not"];
}

/** Placeholders with the string literals that they stand in. */
function holesOf(text: string): Hole[] {
  const holes: Hole[] = [];
  // In one pass, alternatives in order: a comment to the line's end, a placeholder, an escape, a quote.
  let quote: string | null = null;
  let isPattern = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    const hole = /^\{\{([^{}]{0,100})\}\}/.exec(text.slice(at, at + 104));
    if (hole !== null) {
      const name = (hole[1] ?? "").trim();
      holes.push({ name, from: at, to: at + hole[0].length, quote, isPattern });
      at += hole[0].length - 1;
    } else if (quote === null && character === "#") {
      const end = text.indexOf("\n", at);
      at = end === -1 ? text.length : end;
    } else if (quote === null && /["'`]/.test(character)) {
      quote = character;
      isPattern = /[=!]~\s*$/.test(text.slice(Math.max(0, at - 20), at));
    } else if (character === quote) quote = null;
    else if (quote !== null && quote !== "`" && character === "\\") at++;
  }
  return holes;
}

export type Filling = Record<Placeholder, string | readonly string[]>;

/** The query for one side. What is filled in stays inside the string that it stands in, and is matched as it is. */
export function fill(text: string, filling: Filling): string {
  let filled = "";
  let at = 0;
  for (const { name, from, to, quote, isPattern } of holesOf(text)) {
    const value = filling[name as Placeholder];
    const values = typeof value === "string" ? [value] : value;
    const meant = isPattern ? values.map(pattern).join("|") : values.join("|");
    filled += text.slice(at, from) + insideQuotes(meant, quote === "'" ? "'" : '"');
    at = to;
  }
  return filled + text.slice(at);
}

const units: readonly [RegExp, Unit][] = [
  [/_(seconds|s)$/, "s"],
  [/_(milliseconds|ms|latencies)$|^envoy_\w+_time$/, "ms"],
  [/_(microseconds|us)$/, "us"],
];

/** null: the names of the buckets' series say none, or more than one. */
function unitOf(text: string | undefined): Unit | null {
  if (text === undefined) return "s";
  const names = [...text.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*_bucket\b/g)].map(([name]) => name.slice(0, -7));
  const said = new Set(names.map((name) => units.find(([ending]) => ending.test(name))?.[1] ?? null));
  return said.size === 1 ? ([...said][0] ?? null) : null;
}
