import { findMetric, type Metric } from "../catalog.ts";
import { type Comparison, type DecisionRule, decisionRules, type Gate, type Slice } from "../types.ts";
import { formatBound, parseBound } from "./bound.ts";
import { Cursor } from "./cursor.ts";
import { assertMeaning } from "./meaning.ts";
import { formatMetric, parseSlice } from "./slice.ts";
import { closest, suggestMetric } from "./suggest.ts";

/** Long enough for any column and value that a person writes; short enough that no reading takes time. */
export const maxGateChars = 500;

const metricName = /[A-Za-z0-9_.@]+/y;
const comparisonText = />=|<=|>|</y;
const comparisonMistake = /=>|=<|==|!=|=|≥|≤/y;
const corrections: Record<string, string> = { "=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=" };
const ruleName = /[A-Za-z_]+/y;

/**
 * Reads one gate: `<metric>[{column=value}] <op> <bound> [ [rule] ]`.
 *
 * A bound is a number (`0.85`, `85%`, `50ms`) or stands against the baseline (`baseline`, `baseline * 1.5`,
 * `baseline - 0.02`, `baseline * 1.2 + 5ms`). `%` always means hundredths, also in `baseline + 10%`, which is ten
 * percentage points; a relative margin is a factor. Times need a unit and are held in milliseconds.
 * @throws GateSyntaxError with a caret under the offending character
 */
export function parseGate(line: string): Gate {
  const cursor = new Cursor(line);
  if (line.length > maxGateChars) {
    cursor.fail(
      `a gate has at most ${maxGateChars} characters, this one has ${line.length}`,
      undefined,
      maxGateChars,
    );
  }
  cursor.skipSpace();
  const metric = parseMetric(cursor);
  cursor.skipSpace();
  const slice = cursor.peek() === "{" ? parseSlice(cursor) : undefined;
  cursor.skipSpace();
  const comparison = parseComparison(cursor);
  cursor.skipSpace();
  const read = parseBound(cursor);
  cursor.skipSpace();
  const rule = cursor.peek() === "[" ? parseRule(cursor) : undefined;
  cursor.skipSpace();
  if (!cursor.atEnd()) {
    cursor.fail("expected the end of the gate", trailing(cursor));
  }
  assertMeaning(cursor, metric, comparison, read);
  return gate(metric.name, slice, comparison.text, read.bound, read.text, rule);
}

function gate(
  metric: string,
  slice: Slice | undefined,
  comparison: Comparison,
  bound: Gate["bound"],
  boundText: string,
  rule: DecisionRule | undefined,
): Gate {
  return {
    text: `${formatMetric(metric, slice)} ${comparison} ${boundText}${rule === undefined ? "" : ` [${rule}]`}`,
    metric,
    ...(slice === undefined ? {} : { slice }),
    comparison,
    bound,
    ...(rule === undefined ? {} : { rule }),
  };
}

function parseMetric(cursor: Cursor): Metric {
  const offset = cursor.offset;
  const name = cursor.take(metricName);
  if (name === undefined) {
    cursor.fail(
      "expected the name of a metric",
      "For example f1, auc, accuracy, rmse, latency.p95 or error_rate.",
    );
  }
  const metric = findMetric(name);
  if (metric === undefined) {
    const near = suggestMetric(name);
    cursor.fail(
      `there is no metric ${name}`,
      near === undefined ? "The documentation of gates lists all metrics." : `Did you mean ${near}?`,
      offset,
    );
  }
  return metric;
}

function parseComparison(cursor: Cursor): { text: Comparison; offset: number } {
  const offset = cursor.offset;
  const text = cursor.take(comparisonText);
  if (text === undefined || cursor.peek() === "=") {
    const mistake = corrections[cursor.take(comparisonMistake) ?? ""];
    cursor.fail("expected >=, <=, > or <", mistake && `Write ${mistake}.`, offset);
  }
  return { text: text as Comparison, offset };
}

function parseRule(cursor: Cursor): DecisionRule {
  cursor.offset++;
  cursor.skipSpace();
  const offset = cursor.offset;
  const name = cursor.take(ruleName) ?? "";
  const rule = decisionRules.find((known) => known === name);
  if (rule === undefined) {
    const near = closest(name.toLowerCase(), decisionRules);
    cursor.fail(
      `expected a decision rule: ${decisionRules.join(", ")}`,
      near && `Did you mean ${near}?`,
      offset,
    );
  }
  cursor.skipSpace();
  if (cursor.peek() !== "]") {
    cursor.fail("expected ] behind the decision rule");
  }
  cursor.offset++;
  return rule;
}

function trailing(cursor: Cursor): string | undefined {
  const rest = cursor.line.slice(cursor.offset);
  if (/^(and|or|&&|\|\|)/i.test(rest)) {
    return "Every gate must pass: write each on a line of its own.";
  }
  const rule = decisionRules.find((known) => rest.trim() === known);
  return rule && `Write the rule in brackets: [${rule}].`;
}

/** The gate in one spelling, from its parts alone: two gates mean the same when this text is the same. */
export function formatGate({ metric, slice, comparison, bound, rule }: Omit<Gate, "text">): string {
  const isTime = findMetric(metric)?.unit === "ms";
  const left = `${formatMetric(metric, slice)} ${comparison} ${formatBound(bound, isTime)}`;
  return rule === undefined ? left : `${left} [${rule}]`;
}
