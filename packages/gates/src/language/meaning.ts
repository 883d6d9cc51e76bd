import type { Metric } from "../catalog.ts";
import type { Comparison } from "../types.ts";
import type { Quantity, ReadBound } from "./bound.ts";
import type { Cursor } from "./cursor.ts";

/** Refuses a gate that can be read but cannot be meant: a bound on the wrong side, a unit that the metric does not
 * have, a bound that every model or none passes. */
export function assertMeaning(
  cursor: Cursor,
  metric: Metric,
  comparison: { text: Comparison; offset: number },
  read: ReadBound,
): void {
  assertDirection(cursor, metric, comparison);
  if (metric.comparesModels === true && read.bound.kind === "baseline") {
    cursor.fail(
      `${metric.name} compares the candidate with the baseline already: expected a number`,
      `For example ${metric.name} ${comparison.text} ${metric.better === "higher" ? "0.98" : "0.1"}.`,
      read.offset,
    );
  }
  if (read.factor !== undefined) {
    assertFactor(cursor, read.factor);
  }
  if (read.amount !== undefined) {
    assertUnit(cursor, metric, read);
    if (read.bound.kind === "absolute") {
      assertReachable(cursor, metric, comparison.text, read.amount);
    } else {
      assertOffset(cursor, metric, read.amount);
    }
  }
}

function assertDirection(
  cursor: Cursor,
  metric: Metric,
  comparison: { text: Comparison; offset: number },
): void {
  const floor = comparison.text.startsWith(">");
  if (floor !== (metric.better === "higher")) {
    const right = `${floor ? "<" : ">"}${comparison.text.slice(1)}`;
    cursor.fail(
      `of ${metric.name}, ${metric.better} is better: ${comparison.text} would pass the worse models and stop the better`,
      `Did you mean ${metric.name} ${right} …?`,
      comparison.offset,
    );
  }
}

function assertFactor(cursor: Cursor, factor: Quantity): void {
  if (factor.suffix !== "" && factor.suffix !== "%") {
    cursor.fail("a factor has no unit", undefined, factor.offset);
  }
  if (factor.value <= 0) {
    cursor.fail("the factor of the baseline must be above 0", undefined, factor.offset);
  }
}

function assertUnit(cursor: Cursor, metric: Metric, read: ReadBound): void {
  const { suffix, offset, text } = read.amount as Quantity;
  const isTime = suffix === "us" || suffix === "ms" || suffix === "s";
  if (isTime && metric.unit !== "ms") {
    cursor.fail(`${metric.name} is not a time`, undefined, offset);
  }
  if (metric.unit === "ms" && suffix === "") {
    cursor.fail(
      `${metric.name} is a time: expected a number with a unit`,
      `Write ${text}ms or ${text}s.`,
      offset,
    );
  }
  if (suffix === "%" && metric.unit !== "proportion") {
    const relative = read.bound.kind === "baseline";
    cursor.fail(
      `${metric.name} is not a proportion: % says nothing here`,
      relative
        ? `For a relative margin multiply: baseline * ${1 + (read.amount as Quantity).value}.`
        : undefined,
      offset,
    );
  }
}

/** A bound must lie where some models pass and some fail. */
function assertReachable(
  cursor: Cursor,
  metric: Metric,
  comparison: Comparison,
  { value, offset, suffix }: Quantity,
): void {
  const [low, high] = metric.range;
  if (value < low || value > high) {
    const percent = suffix === "" && metric.unit === "proportion" && value > 1 && value <= 100;
    cursor.fail(
      `${metric.name} lies between ${low} and ${high}, the bound is ${value}`,
      percent ? `Did you mean ${value}%?` : undefined,
      offset,
    );
  }
  const [best, worst] = metric.better === "higher" ? [high, low] : [low, high];
  if (value === worst && comparison.length === 2) {
    cursor.fail("every model passes this gate", undefined, offset);
  }
  if (value === best && comparison.length === 1) {
    cursor.fail("no model can pass this gate", undefined, offset);
  }
}

function assertOffset(cursor: Cursor, metric: Metric, { value, offset, suffix }: Quantity): void {
  const width = metric.range[1] - metric.range[0];
  if (Math.abs(value) >= width) {
    const percent = suffix === "" && metric.unit === "proportion" && Math.abs(value) < 100;
    cursor.fail(
      `${metric.name} lies between ${metric.range[0]} and ${metric.range[1]}: it cannot differ from the baseline by ${Math.abs(value)}`,
      percent ? `Did you mean ${Math.abs(value)}%?` : undefined,
      offset,
    );
  }
}
