import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { DatasetSchema } from "../index.ts";
import { readTable } from "../index.ts";
import { failure, testFiles } from "../testing/files.ts";
import { plain } from "../testing/tables.ts";

const file = testFiles();
let count = 0;
const read = async (text: string | Uint8Array, options = {}) =>
  plain(await readTable(file(`${count++}.jsonl`, text), options));
const refuse = (text: string | Uint8Array, options = {}) => failure(file(`${count++}.jsonl`, text), options);

test("a key that appears later was missing before", async () => {
  expect(await read('{"a":1}\n{"b":"x","a":2}\n{}\n')).toEqual(
    new Map<string, unknown>([
      ["a", [1, 2, null]],
      ["b", [null, "x", null]],
    ]),
  );
});

test("keys are data: __proto__, constructor and the empty string are columns", async () => {
  expect(await read('{"__proto__":1,"constructor":2,"":3}\n{"toString":4}\n')).toEqual(
    new Map([
      ["__proto__", [1, null]],
      ["constructor", [2, null]],
      ["", [3, null]],
      ["toString", [null, 4]],
    ]),
  );
  expect(({} as Record<string, unknown>).a).toBeUndefined();
});

test("the last of two equal keys counts, as JSON.parse has it", async () => {
  expect(await read('{"a":1,"a":2}\n')).toEqual(new Map([["a", [2]]]));
});

test("an empty string is a value, null is missing", async () => {
  expect(await read('{"a":""}\n{"a":null}\n')).toEqual(new Map([["a", ["", null]]]));
});

test("identifiers keep digits that JSON.parse would round", async () => {
  expect(await read('{"a":9007199254740993}\n{"a":12345678901234567890}\n')).toEqual(
    new Map([["a", ["9007199254740993", "12345678901234567890"]]]),
  );
  expect(await read('{"a":9007199254740992}\n{"a":1e300}\n')).toEqual(new Map([["a", [2 ** 53, 1e300]]]));
});

test("empty lines, CRLF, a byte order mark and a missing last newline are fine, gzip too", async () => {
  const text = '\uFEFF{"a":1}\r\n\r\n  \n{"a":2}';
  expect(await read(text)).toEqual(new Map([["a", [1, 2]]]));
  expect(plain(await readTable(file("packed.jsonl.gz", gzipSync(text))))).toEqual(new Map([["a", [1, 2]]]));
});

test("bad lines are reported together, by row, quoted and cut short", async () => {
  const error = await refuse(
    `{"a":1}\n{"a":\n[1]\n"::error::"\nnull\n{"a":NaN}\n{"a":1}x${"y".repeat(100)}\n{"a":{"b":1}}\n{"a":[1]}\n`,
  );
  expect(error.problems).toEqual([
    { row: 2, column: "", problem: 'is not JSON: "{\\"a\\":"' },
    { row: 3, column: "", problem: 'is "[1]", expected a JSON object (one a line)' },
    { row: 4, column: "", problem: 'is "\\"::error::\\"", expected a JSON object (one a line)' },
    { row: 5, column: "", problem: 'is "null", expected a JSON object (one a line)' },
    { row: 6, column: "", problem: 'is not JSON: "{\\"a\\":NaN}"' },
    { row: 7, column: "", problem: `is not JSON: "{\\"a\\":1}x${"y".repeat(32)}…"` },
    { row: 8, column: "a", problem: "is nested (an object), expected a plain value" },
    { row: 9, column: "a", problem: "is nested (an array), expected a plain value" },
  ]);
});

test("a nested value that nobody asked for does not matter", async () => {
  expect(await read('{"a":1,"b":{"c":2}}\n', { columns: ["a"] })).toEqual(new Map([["a", [1]]]));
});

test("numbers and texts in one column are texts; a boolean or fraction among texts is a problem", async () => {
  expect(await read('{"a":5}\n{"a":"x"}\n')).toEqual(new Map([["a", ["5", "x"]]]));
  const error = await refuse('{"a":"x"}\n{"a":1.5}\n{"a":true}\n');
  expect(error.problems.map(({ problem }) => problem)).toEqual([
    "is the number 1.5, expected a string",
    "is the boolean true, expected a string",
  ]);
});

test("with a schema its order holds, and a key it does not know is a problem", async () => {
  const schema: DatasetSchema = {
    schema: "ml-actions/dataset-schema/v1",
    columns: [
      { name: "a", type: "number", nullable: true },
      { name: "b", type: "string", nullable: false },
    ],
  };
  expect([...(await read('{"b":"x","a":1}\n', { schema })).keys()]).toEqual(["a", "b"]);
  expect([...(await read("", { schema })).entries()]).toEqual([
    ["a", []],
    ["b", []],
  ]);
  const error = await refuse('{"b":"x","c":1}\n{"a":"1"}\n', { schema });
  expect(error.problems).toEqual([
    { row: 1, column: "c", problem: "is not in the schema" },
    { row: 2, column: "a", problem: 'is "1", expected a number' },
    { row: 2, column: "b", problem: "is missing, but the column is not nullable" },
  ]);
});

test("a number too large for a double is a problem where numbers are due", async () => {
  const schema: DatasetSchema = {
    schema: "ml-actions/dataset-schema/v1",
    columns: [{ name: "a", type: "number", nullable: true }],
  };
  expect((await refuse('{"a":1e999}\n', { schema })).message).toContain('is "1e999", expected a number');
});

test("a file without an object, a line without an end and invalid UTF-8 are refused", async () => {
  expect((await refuse("\n")).code).toBe("empty");
  expect((await refuse(`{"a":"${"x".repeat(17 << 20)}`)).message).toContain("row 1 of");
  const error = await refuse(
    Buffer.concat([Buffer.from('{"a":1}\n{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}\n')]),
  );
  expect(error.message).toContain("is not UTF-8 text: see line 2");
});

test("ever new keys end at the limit of columns", async () => {
  const lines = Array.from({ length: 10_500 }, (_, row) => `{"k${row}":1}\n`).join("");
  expect((await refuse(lines)).message).toContain("columns or more, the limit is 10,000");
});
