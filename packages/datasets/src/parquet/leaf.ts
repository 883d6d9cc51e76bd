import type { DecodedArray, ParquetType, SchemaElement } from "hyparquet";
import type { CellSink } from "../cells.ts";
import { FIRST_INEXACT } from "../cells.ts";
import type { ColumnType } from "../types.ts";

/** What a column's cells become: numbers, texts, … (bigint: an integer that no double holds exactly). */
export type Cells = ArrayLike<number | bigint | boolean | string>;

/** A flat column as the file declares it. */
export interface Leaf {
  type: ColumnType;
  physical: ParquetType;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  fixedLength: number | undefined;
  optional: boolean;
  /** Whether an integer of the column can be too large for a double. */
  maybeInexact: boolean;
  decode(values: DecodedArray): Cells;
}

/** Puts one decoded cell into a sink, by the column's type. */
export function putCell(sink: CellSink, type: ColumnType, cell: number | bigint | boolean | string): void {
  if (typeof cell === "string") sink.string(cell);
  else if (typeof cell === "boolean") sink.boolean(cell);
  else if (typeof cell === "bigint") sink.inexactInteger(cell);
  else if (type === "timestamp") sink.timestamp(cell);
  else sink.number(cell);
}

/** The leaf of a schema element without children, or why it cannot be a column of a flat table. */
export function leafOf(element: SchemaElement): Leaf | string {
  if (element.type === undefined) return "it has no type";
  if (element.repetition_type === "REPEATED") return "it is repeated (a list)";
  const found = logicalLeaf(element, element.type);
  if (typeof found === "string") return found;
  return {
    physical: element.type,
    fixedLength: element.type_length,
    optional: element.repetition_type !== "REQUIRED",
    maybeInexact: false,
    ...found,
  };
}

type Logical = Pick<Leaf, "type" | "decode"> & { maybeInexact?: boolean };

function logicalLeaf(element: SchemaElement, physical: ParquetType): Logical | string {
  const { converted_type: converted, logical_type: logical } = element;
  const name = logical?.type ?? converted;
  const refused = `its type is ${name} (stored as ${physical})`;
  if (logical?.type === "TIMESTAMP" || converted === "TIMESTAMP_MILLIS" || converted === "TIMESTAMP_MICROS") {
    if (physical !== "INT64") return refused;
    const unit =
      logical?.type === "TIMESTAMP" ? logical.unit : converted === "TIMESTAMP_MILLIS" ? "MILLIS" : "MICROS";
    return {
      type: "timestamp",
      decode: timestamps(unit === "MILLIS" ? 1n : unit === "MICROS" ? 1000n : 1_000_000n),
    };
  }
  if (name === "DATE") {
    return physical === "INT32"
      ? { type: "timestamp", decode: (days) => cellsOf(days, (day) => Number(day) * 86_400_000) }
      : refused;
  }
  if (name === "DECIMAL") return decimalLeaf(element, physical) ?? refused;
  if (name === "FLOAT16")
    return physical === "FIXED_LEN_BYTE_ARRAY" ? { type: "number", decode: halves } : refused;
  if (name === "UUID")
    return physical === "FIXED_LEN_BYTE_ARRAY" ? { type: "string", decode: uuids } : refused;
  if (physical === "BYTE_ARRAY") {
    return name === undefined || TEXTS.has(name) ? { type: "string", decode: texts } : refused;
  }
  if (name !== undefined && name !== "NULL" && !name.startsWith("INT") && !name.startsWith("UINT"))
    return refused;
  const unsigned = logical?.type === "INTEGER" ? !logical.isSigned : (converted?.startsWith("UINT") ?? false);
  return plainLeaf(physical, unsigned) ?? `it holds raw bytes (${physical})`;
}

const TEXTS = new Set(["STRING", "UTF8", "ENUM", "JSON"]);

function plainLeaf(physical: ParquetType, unsigned: boolean): Logical | null {
  if (physical === "BOOLEAN") return { type: "boolean", decode: (values) => values as boolean[] };
  if (physical === "FLOAT" || physical === "DOUBLE")
    return { type: "number", decode: (values) => values as number[] };
  if (physical === "INT96") return { type: "timestamp", decode: int96Timestamps };
  if (physical === "INT32") {
    return {
      type: "integer",
      decode: unsigned
        ? (values) => cellsOf(values, (value) => Number(value) >>> 0)
        : (values) => values as number[],
    };
  }
  if (physical !== "INT64") return null;
  return {
    type: "integer",
    maybeInexact: true,
    decode: (values) =>
      (unsigned ? null : exactDoubles(values)) ??
      cellsOf(values, (value) => integer(unsigned ? BigInt.asUintN(64, value as bigint) : (value as bigint))),
  };
}

function decimalLeaf(element: SchemaElement, physical: ParquetType): Logical | null {
  if (!["INT32", "INT64", "FIXED_LEN_BYTE_ARRAY", "BYTE_ARRAY"].includes(physical)) return null;
  const scale = element.logical_type?.type === "DECIMAL" ? element.logical_type.scale : (element.scale ?? 0);
  const unscaled = (value: unknown) =>
    value instanceof Uint8Array ? bigEndian(value) : BigInt(value as number | bigint);
  if (scale !== 0) {
    return {
      type: "number",
      decode: (values) => cellsOf(values, (value) => decimal(unscaled(value), scale)),
    };
  }
  return {
    type: "integer",
    maybeInexact: true,
    decode: (values) => cellsOf(values, (value) => integer(unscaled(value))),
  };
}

function cellsOf<T extends number | bigint | string>(
  values: DecodedArray,
  decode: (value: unknown) => T,
): T[] {
  const cells = new Array<T>(values.length);
  for (let index = 0; index < values.length; index += 1) cells[index] = decode(values[index]);
  return cells;
}

/** 64-bit integers as doubles, without a bigint for each; null when one of them may have no exact double. */
function exactDoubles(values: DecodedArray): Float64Array | null {
  if (!(values instanceof BigInt64Array)) return null;
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const doubles = new Float64Array(values.length);
  for (let index = 0; index < doubles.length; index += 1) {
    // Parquet is little-endian, and so is every machine that its bytes are taken as numbers on.
    const high = words[2 * index + 1] as number;
    if (high < -0x200000 || high >= 0x200000) return null;
    doubles[index] = high * 0x100000000 + ((words[2 * index] as number) >>> 0);
  }
  return doubles;
}

/** The double when it is exact. */
function integer(value: bigint): number | bigint {
  const double = Number(value);
  return Math.abs(double) < FIRST_INEXACT || BigInt(double) === value ? double : value;
}

/** The double nearest to `unscaled · 10^-scale`: dividing two exact doubles rounds once, as does parsing. */
function decimal(unscaled: bigint, scale: number): number {
  const double = Number(unscaled);
  // 10^22 is the largest power of ten that a double holds exactly.
  if (Math.abs(double) < FIRST_INEXACT && scale > 0 && scale <= 22) return double / 10 ** scale;
  return Number(`${unscaled}e${-scale}`);
}

/** Two's complement, most significant byte first. A decimal of 76 digits has 32 bytes. */
function bigEndian(bytes: Uint8Array): bigint {
  if (bytes.length === 0 || bytes.length > 32) throw new Error(`a decimal of ${bytes.length} bytes`);
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString("hex")}`));
}

/** Rounded down to milliseconds. */
function timestamps(ticksPerMillisecond: bigint): (values: DecodedArray) => number[] {
  return (values) => cellsOf(values, (value) => Number(floorDivide(value as bigint, ticksPerMillisecond)));
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value < 0n && quotient * divisor !== value ? quotient - 1n : quotient;
}

/**
 * Impala's and old Spark's times: nanoseconds of the day in eight bytes, then the Julian day in four. Arrow writes
 * negative nanoseconds before 1970.
 */
function int96Timestamps(values: DecodedArray): number[] {
  const julianDayOf1970 = 2_440_588n;
  return cellsOf(values, (value) => {
    const { buffer, byteOffset, byteLength } = value as Uint8Array;
    const view = new DataView(buffer, byteOffset, byteLength);
    const day = BigInt(view.getInt32(8, true)) - julianDayOf1970;
    return Number(day * 86_400_000n + floorDivide(view.getBigInt64(0, true), 1_000_000n));
  });
}

function texts(values: DecodedArray): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return cellsOf(values, (value) => {
    try {
      return decoder.decode(value as Uint8Array);
    } catch {
      throw new Error("a text that is not UTF-8");
    }
  });
}

/** IEEE 754 half precision, little-endian. */
function halves(values: DecodedArray): number[] {
  return cellsOf(values, (value) => {
    const [low = 0, high = 0] = value as Uint8Array;
    const sign = high & 0x80 ? -1 : 1;
    const exponent = (high >> 2) & 0x1f;
    const fraction = ((high & 3) << 8) | low;
    if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}

function uuids(values: DecodedArray): string[] {
  return cellsOf(values, (value) => {
    const hex = Buffer.from(value as Uint8Array).toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  });
}
