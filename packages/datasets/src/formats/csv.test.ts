import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { ColumnType, DatasetSchema } from "../index.ts";
import { readTable } from "../index.ts";
import { failure, testFiles } from "../testing/files.ts";
import { plain } from "../testing/tables.ts";

const file = testFiles();
let count = 0;
const read = async (text: string | Uint8Array, options = {}) =>
  plain(await readTable(file(`${count++}.csv`, text), options));
const refuse = (text: string | Uint8Array, options = {}) => failure(file(`${count++}.csv`, text), options);
const column = async (...cells: string[]) =>
  (await read(`x,y\n${cells.map((cell) => `${cell},1\n`).join("")}`)).get("x");
const schemaOf = (type: ColumnType): DatasetSchema => ({
  schema: "ml-actions/dataset-schema/v1",
  columns: [{ name: "x", type, nullable: true }],
});

describe("types", () => {
  test.each([
    ["numbers", ["1", "-2.5", ".5", "+3", "1e-3", ""], [1, -2.5, 0.5, 3, 0.001, null]],
    ["NaN and infinities are values", ["NaN", "nan", "inf", "-Infinity"], [NaN, NaN, Infinity, -Infinity]],
    ["spaces around numbers", [" 1", "2 "], [1, 2]],
    ["NA and null are missing among numbers", ["1", "NA", "null", "NULL"], [1, null, null, null]],
    ["NA stays a value among texts (Namibia)", ["DE", "NA", "", "null"], ["DE", "NA", null, "null"]],
    ["one text at the end makes a column of texts", ["1", "2.0", "x"], ["1", "2.0", "x"]],
    ["codes with leading zeros stay texts", ["01234", "99999"], ["01234", "99999"]],
    ["zero and fractions are no codes", ["0", "0.5", "-0.25"], [0, 0.5, -0.25]],
    ["booleans in three spellings", ["true", "False", "TRUE", ""], [true, false, true, null]],
    ["booleans and numbers together are texts", ["true", "1"], ["true", "1"]],
    ["a number too large for a double is text", ["1e999", "1"], ["1e999", "1"]],
    ["hexadecimal is text", ["0x10", "1"], ["0x10", "1"]],
    ["days", ["2013-12-31", "1969-12-31"], [Date.UTC(2013, 11, 31), -86_400_000]],
    [
      "times with a zone, without, with a space",
      ["2013-01-01T06:00:00.25+02:00", "2013-01-01 04:00"],
      [Date.UTC(2013, 0, 1, 4, 0, 0, 250), Date.UTC(2013, 0, 1, 4)],
    ],
    ["a day that no calendar has is text", ["2013-02-30", "2013-02-28"], ["2013-02-30", "2013-02-28"]],
    ["nothing at all is a number column of missing cells", ["", "NA"], [null, null]],
  ])("%s", async (_, cells, wanted) => {
    expect(await column(...cells)).toEqual(wanted);
  });

  test("an identifier too large for a double makes the column text, digit by digit", async () => {
    expect(await column("9007199254740993", "1")).toEqual(["9007199254740993", "1"]);
    expect(await column("9007199254740992", "1")).toEqual([2 ** 53, 1]);
  });

  test("what the schema declares wins over how a cell looks", async () => {
    expect((await read("x\n007\n", { schema: schemaOf("string") })).get("x")).toEqual(["007"]);
    expect((await read("x\n007\nNA\n", { schema: schemaOf("integer") })).get("x")).toEqual([7, null]);
    expect((await read("x\n1\n0\nFalse\n", { schema: schemaOf("boolean") })).get("x")).toEqual([
      true,
      false,
      false,
    ]);
    expect((await read("x\n12.0\n", { schema: schemaOf("integer") })).get("x")).toEqual([12]);
    expect((await read("x\n9007199254740993\n", { schema: schemaOf("number") })).get("x")).toEqual([2 ** 53]);
  });

  test("an integer that would lose digits is a problem in an integer column", async () => {
    const error = await refuse("x\n9007199254740993\n", { schema: schemaOf("integer") });
    expect(error.problems).toEqual([
      {
        row: 1,
        column: "x",
        problem: 'is "9007199254740993", which a 64-bit float cannot hold exactly; identifiers are strings',
      },
    ]);
  });

  test("a NaN is outside declared bounds, and allowed without", async () => {
    const bounded: DatasetSchema = {
      ...schemaOf("number"),
      columns: [{ name: "x", type: "number", nullable: true, minimum: 0 }],
    };
    expect((await refuse("x\nNaN\n", { schema: bounded })).message).toContain(
      "is NaN, outside 0 to Infinity",
    );
    expect((await read("x\nNaN\n", { schema: schemaOf("number") })).get("x")).toEqual([NaN]);
    expect((await refuse("x\nNaN\n", { schema: schemaOf("integer") })).message).toContain(
      "expected an integer",
    );
  });
});

describe("layout", () => {
  test.each([
    ["a byte order mark", "\uFEFFx,y\n1,2\n"],
    ["CRLF", "x,y\r\n1,2\r\n"],
    ["CR alone", "x,y\r1,2\r"],
    ["no newline at the end", "x,y\n1,2"],
    ["empty lines", "\nx,y\n\n1,2\n\n\n"],
    ["everything quoted", '"x","y"\n"1","2"\n'],
  ])("%s", async (_, text) => {
    expect(await read(text)).toEqual(
      new Map([
        ["x", [1]],
        ["y", [2]],
      ]),
    );
  });

  test("quoted cells hold commas, quotes and newlines", async () => {
    expect((await read('x,y\n"a,""b""\r\nc",1\n')).get("x")).toEqual(['a,"b"\r\nc']);
  });

  test("a header alone is a table without rows", async () => {
    expect(await read("x,y\n")).toEqual(
      new Map([
        ["x", []],
        ["y", []],
      ]),
    );
  });

  test("a cell of a megabyte is read, its message would be cut short", async () => {
    const large = "a".repeat(1 << 20);
    expect((await read(`x\n${large}\n`)).get("x")).toEqual([large]);
    const error = await refuse(`x\n${large}\n`, { schema: schemaOf("number") });
    expect(error.message.length).toBeLessThan(300);
    expect(error.message).toContain(`is "${"a".repeat(40)}…", expected a number`);
  });

  test("gzip is read as it is", async () => {
    const path = file("packed.csv.gz", gzipSync("x\n1\n"));
    expect(plain(await readTable(path)).get("x")).toEqual([1]);
  });
});

describe("what is refused", () => {
  test("rows of another length, each with its number", async () => {
    const error = await refuse('x,y\n1,2\n"1\n1",2,3\n4\n5,6\n');
    expect(error.problems).toEqual([
      { row: 2, column: "", problem: "has 3 cells, the header has 2" },
      { row: 3, column: "", problem: "has 1 cell, the header has 2" },
    ]);
  });

  test.each([
    ["an empty file", "", "empty", "is empty: it has not even a header"],
    ["nothing but newlines", "\n\n", "empty", "is empty"],
    ["two columns of one name", "x,y,x\n", "malformed", 'columns 1 and 3 are both named "x"'],
    ["a column without a name (a pandas index)", ",x\n0,1\n", "malformed", "column 1 has no name"],
    [
      "a quote that never closes",
      'x,y\n1,2\n3,"4\n5,6\n',
      "malformed",
      "is not CSV in row 2: a quote is never closed",
    ],
    ["a quote inside a cell", 'x,y\n1,a"b\n', "malformed", "in row 1: a quote stands inside a cell"],
    ["text after a closing quote", 'x,y\n"a"b,1\n', "malformed", "in row 1: a closing quote is followed"],
  ])("%s", async (_, text, code, message) => {
    const error = await refuse(text);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  test("a record that fills the memory", async () => {
    const error = await refuse(`x\n1\n"${"a\n".repeat(9 << 20)}`);
    expect(error.message).toContain("in row 2: the record is larger than 16,777,216 bytes");
  });

  test("more columns than a table can have", async () => {
    const error = await refuse(`${Array.from({ length: 10_001 }, (_, index) => `c${index}`).join(",")}\n`);
    expect(error.message).toContain("has 10,001 columns or more, the limit is 10,000");
  });

  test("invalid UTF-8, with the line it stands in", async () => {
    const error = await refuse(
      Buffer.concat([Buffer.from("x\nä\n2\n"), Buffer.from([0xff, 0x0a]), Buffer.from("4\n")]),
    );
    expect(error.message).toContain("is not UTF-8 text: see line 4");
  });

  test("UTF-16, and text cut inside a character", async () => {
    expect((await refuse(Buffer.from("\uFEFFx\n1\n", "utf16le"))).code).toBe("malformed");
    expect((await refuse(Buffer.from("x\nä").subarray(0, 3))).message).toContain(
      "is not UTF-8 text: see line 2",
    );
  });

  test("gzip that is damaged or cut short", async () => {
    const packed = gzipSync(`x\n${Array.from({ length: 5000 }, (_, row) => row * 7919).join("\n")}`);
    for (const bytes of [packed.subarray(0, packed.length >> 1), packed.with(200, 255).with(201, 255)]) {
      const error = await failure(file("damaged.csv.gz", bytes));
      expect(error.message).toContain("its gzip data is damaged or cut short");
    }
  });

  test("another separator is named as the likely cause", async () => {
    const schema: DatasetSchema = {
      ...schemaOf("number"),
      columns: [
        { name: "x", type: "number", nullable: true },
        { name: "y", type: "number", nullable: true },
      ],
    };
    const error = await refuse("x;y\n1;2\n", { schema });
    expect(error.problems).toEqual([
      { row: 0, column: "x", problem: "is in the schema, but not in the file" },
      { row: 0, column: "y", problem: "is in the schema, but not in the file" },
      { row: 0, column: "x;y", problem: "is in the file, but not in the schema" },
    ]);
    expect(error.remedy).toBe("Separate the columns by commas.");
  });
});

test("characters cut by the reading buffer stay whole", async () => {
  const cell = "aé日🛫".repeat(60_000);
  for (const padding of ["", "a", "ab", "abc"]) {
    expect((await read(`x\n${padding}${cell}\n`)).get("x")?.[0] === padding + cell).toBe(true);
  }
});
