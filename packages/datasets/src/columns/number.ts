import { parseTimestamp } from "../cells.ts";
import type { Problems } from "../problems.ts";
import { quote } from "../quote.ts";
import { bound } from "../schema.ts";
import type { Column } from "../types.ts";
import type { ColumnBuilder, ColumnPlan } from "./builder.ts";
import { Builder, INITIAL_CAPACITY, isoTime, Mask, resized } from "./builder.ts";

/** Columns of type number, integer and timestamp. */
export class NumberBuilder extends Builder implements ColumnBuilder {
  private values = new Float64Array(INITIAL_CAPACITY);
  private readonly mask = new Mask();
  private readonly low: number;
  private readonly high: number;
  private readonly allowed: Set<number> | null;
  private readonly bounded: boolean;

  constructor(plan: ColumnPlan, problems: Problems) {
    super(plan, problems);
    const low = plan.rule === null ? null : bound(plan.rule, plan.rule.minimum);
    const high = plan.rule === null ? null : bound(plan.rule, plan.rule.maximum);
    this.low = low ?? Number.NEGATIVE_INFINITY;
    this.high = high ?? Number.POSITIVE_INFINITY;
    this.bounded = typeof low === "number" || typeof high === "number";
    const values = plan.rule?.values;
    this.allowed = values === undefined ? null : new Set(values.filter((value) => typeof value === "number"));
  }

  skip(): void {
    this.makeRoom();
    this.mask.set(this.size, this.capacity);
    this.values[this.size++] = Number.NaN;
  }

  number(value: number): void {
    const fits = this.type === "number" || (this.type === "integer" && Number.isInteger(value));
    if (fits) this.put(value);
    else this.wrong(`the number ${value}`);
  }

  override doubles(values: Float64Array, defined: Uint8Array | null): void {
    // Only a cell with a problem needs a look of its own.
    if (!this.allFit(values, defined)) {
      super.doubles(values, defined);
      return;
    }
    this.makeRoom(values.length);
    this.values.set(values, this.size);
    if (defined !== null) this.mask.setAll(this.size, defined, this.capacity);
    this.size += values.length;
  }

  private allFit(values: Float64Array, defined: Uint8Array | null): boolean {
    if (this.type === "timestamp" || (defined !== null && !this.nullable)) return false;
    const whole = this.type === "integer";
    if (!whole && !this.bounded && this.allowed === null) return true;
    for (let row = 0; row < values.length; row += 1) {
      if (defined !== null && defined[row] === 0) continue;
      const value = values[row] as number;
      const fits = value >= this.low && value <= this.high && (!whole || Number.isInteger(value));
      if (!fits || (this.allowed !== null && !this.allowed.has(value))) return false;
    }
    return true;
  }

  inexactInteger(value: bigint): void {
    if (this.type === "number") this.put(Number(value));
    else if (this.type === "timestamp") this.wrong(`the number ${quote(String(value))}`);
    else this.tooLarge(value);
  }

  boolean(value: boolean): void {
    this.wrong(`the boolean ${value}`);
  }

  timestamp(milliseconds: number): void {
    if (this.type === "timestamp") this.put(milliseconds);
    else this.wrong(`the time ${isoTime(milliseconds)}`);
  }

  string(value: string): void {
    const milliseconds = this.type === "timestamp" ? parseTimestamp(value) : null;
    if (milliseconds === null) this.wrong(quote(value));
    else this.put(milliseconds);
  }

  private tooLarge(value: bigint): void {
    this.report(
      `is ${quote(String(value))}, which a 64-bit float cannot hold exactly; identifiers are strings`,
    );
    this.skip();
  }

  private put(value: number): void {
    this.makeRoom();
    // Not `value < low || value > high`: a NaN is not within bounds either.
    if (this.bounded && !(value >= this.low && value <= this.high)) {
      const [shown, low, high] = [value, this.low, this.high].map((bound) => this.show(bound));
      this.report(`is ${shown}, outside ${low} to ${high}`);
    }
    if (this.allowed !== null && !this.allowed.has(value))
      this.report(`is ${value}, not one of the allowed values`);
    this.values[this.size++] = value;
  }

  private show(value: number): string {
    return this.type === "timestamp" && Number.isFinite(value) ? isoTime(value) : String(value);
  }

  protected grow(capacity: number): void {
    this.values = resized(this.size === 0 ? new Float64Array(0) : this.values, new Float64Array(capacity));
    this.mask.grow(capacity);
  }

  protected cut(size: number): Column {
    return {
      kind: "number",
      name: this.name,
      values: this.handOver(this.values, size),
      missing: this.mask.cut(size),
    };
  }
}
