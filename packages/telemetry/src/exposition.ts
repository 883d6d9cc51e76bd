/**
 * Prometheus' text format and OpenMetrics, as pods answer at /metrics.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/specs/om/open_metrics_spec/
 *
 * Only lines of wanted series are read, so that a page of a hundred thousand others costs a glance at each line; what is
 * wanted and malformed is an error and never skipped, because a line that is missing reads as a count that is lower.
 */
import { quoted, TelemetryError } from "./error.ts";

export interface Sample {
  name: string;
  labels: ReadonlyMap<string, string>;
  /** NaN and infinite values are kept: whoever counts by them says so. */
  value: number;
}

export interface Page {
  samples: readonly Sample[];
  /** Names of `# TYPE` lines: series with labels have no line before their first request. */
  declared: ReadonlySet<string>;
}

/** Of wanted series. A server with more has lost control of its labels. */
const mostSamples = 100_000;

/** @throws TelemetryError `outage` for what is no such page or was cut off, `not-a-number` for a wanted line that cannot
 * be read, `ambiguous` for a series that is there twice */
export function parseExposition(text: string, wanted: (series: string) => boolean): Page {
  if (text !== "" && !text.endsWith("\n") && !text.endsWith("# EOF")) {
    throw new TelemetryError("outage", "the page is cut off: its last line has no end.", "");
  }
  const samples: Sample[] = [];
  const seen = new Set<string>();
  const declared = new Set<string>();
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end === -1 ? text.length : end);
    start = end === -1 ? text.length : end + 1;
    const name = nameOf(line);
    if (name === null) {
      const type = /^# TYPE (\S{1,300}) /.exec(line)?.[1];
      if (type !== undefined) declared.add(type);
      continue;
    }
    if (!wanted(name)) continue;
    if (samples.length >= mostSamples) {
      throw new TelemetryError("outage", `the page has more than ${mostSamples} lines of ${name}.`, "");
    }
    const sample = parseLine(line, name);
    const key = keyOf(sample);
    if (seen.has(key)) {
      throw new TelemetryError("ambiguous", `the series ${quoted(key)} is on the page twice.`, "");
    }
    seen.add(key);
    samples.push(sample);
  }
  return { samples, declared };
}

/** A series' full name: name and labels in one order. */
export function keyOf({ name, labels }: Pick<Sample, "name" | "labels">): string {
  const sorted = [...labels].sort(([left], [right]) => (left < right ? -1 : 1));
  return `${name}{${sorted.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(",")}}`;
}

/** null: a comment, an empty line, or something else that is no sample. */
function nameOf(line: string): string | null {
  return /^[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]{0,299})(?=[{ \t])/.exec(line)?.[1] ?? null;
}

function parseLine(line: string, name: string): Sample {
  const unreadable = () =>
    new TelemetryError("not-a-number", `the line "${quoted(line)}" cannot be read.`, "");
  let at = line.indexOf(name) + name.length;
  while (isBlank(line[at])) at++;
  const labels = new Map<string, string>();
  if (line[at] === "{") {
    const closed = readLabels(line, at + 1, labels);
    if (closed === null) throw unreadable();
    at = closed;
  }
  // Value, perhaps a timestamp, perhaps an exemplar after `#`: only the value is of use.
  const rest = /^[ \t]*(\S+)(?:[ \t]+-?[0-9.eE+]+)?[ \t]*(?:#.*)?$/.exec(line.slice(at).trimEnd());
  const value = rest?.[1] === undefined ? null : numberOf(rest[1]);
  if (value === null) throw unreadable();
  return { name, labels, value };
}

/** Index after the closing brace; null: malformed. */
function readLabels(line: string, from: number, labels: Map<string, string>): number | null {
  // Sticky, so that each pair is matched where the one before ended and the whole costs the line's length.
  const pair = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,?)/y;
  let at = from;
  for (;;) {
    while (isBlank(line[at])) at++;
    if (line[at] === "}") return at + 1;
    pair.lastIndex = at;
    const found = pair.exec(line);
    if (found === null) return null;
    const [whole, label = "", value = "", comma] = found;
    at += whole.length;
    if (labels.has(label) || (comma === "" && line[at] !== "}")) return null;
    labels.set(
      label,
      value.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped)),
    );
  }
}

/** As both formats write numbers; null: it is none. */
export function numberOf(text: string): number | null {
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  return infinite === null ? null : infinite[1] === "-" ? -Infinity : Infinity;
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t";
}
