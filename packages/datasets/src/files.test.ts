import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { datasetVersion, readTable } from "./index.ts";
import { quote } from "./quote.ts";
import { failure, testFiles } from "./testing/files.ts";

const file = testFiles();
const fixture = new URL("fixtures/snappy.parquet", import.meta.url).pathname;

test.each([
  ["dataset_v20131231.parquet", "20131231"],
  ["data/dataset_v20240229.csv.gz", "20240229"],
  ["dataset_v20130229.csv", null],
  ["dataset_v20131301.csv", null],
  ["dataset_v2013123.csv", null],
  ["dataset_v201312311.csv", null],
  ["my_dataset_v20131231.csv", null],
  ["dataset.csv", null],
])("the version in %s is %s", (name, version) => {
  expect(datasetVersion(name)).toBe(version);
});

describe("the format", () => {
  test("is told by the first bytes when the name does not", async () => {
    const bytes = await import("node:fs").then((fs) => fs.readFileSync(fixture));
    expect((await readTable(file("no-extension", bytes))).rows).toBe(120);
  });

  test("can be given", async () => {
    expect((await readTable(file("data.txt", "x\n1\n"), { format: "csv" })).rows).toBe(1);
  });

  test("is an error naming the supported ones when unknown", async () => {
    const error = await failure(file("data.txt", "x\n1\n"));
    expect(error.code).toBe("unknown-format");
    expect(error.remedy).toContain(
      "csv (.csv, .csv.gz), parquet (.parquet), jsonl (.jsonl, .ndjson, .jsonl.gz, .ndjson.gz)",
    );
    expect((await failure(file("data.csv", "x\n"), { format: "__proto__" as "csv" })).code).toBe(
      "unknown-format",
    );
  });

  test("is an error when name and bytes disagree", async () => {
    const bytes = await import("node:fs").then((fs) => fs.readFileSync(fixture));
    const error = await failure(file("really-parquet.csv", bytes));
    expect(error.message).toContain("is named like csv, but its first bytes are those of parquet");
  });

  test("is not told by the upper or lower case of the name", async () => {
    expect((await readTable(file("DATA.CSV", "x\n1\n"))).rows).toBe(1);
  });
});

describe("a file that cannot be read", () => {
  test("is not there, or a directory", async () => {
    expect((await failure("/nowhere/data.csv")).message).toContain("there is no such file");
    expect((await failure(dirname(file("a.csv", "")))).message).toContain("it is a directory");
  });

  test("is a pipe, which might never end", async () => {
    const pipe = join(dirname(file("a.csv", "")), "pipe.csv");
    execFileSync("mkfifo", [pipe]);
    expect((await failure(pipe)).message).toContain("it is not a regular file");
  });

  test("is an empty or cut Parquet file", async () => {
    expect((await failure(file("empty.parquet", ""))).code).toBe("malformed");
    const bytes = await import("node:fs").then((fs) => fs.readFileSync(fixture));
    const error = await failure(file("cut.parquet", bytes.subarray(0, bytes.length - 100)));
    expect(error.message).toContain("is not a sound Parquet file: its footer");
  });
});

test("text from files is quoted, escaped and cut for messages", () => {
  expect(quote('a"b\\\n\r\t\u0000\u202e\u200b\ud800é🛫')).toBe(
    '"a\\"b\\\\\\n\\r\\t\\u{0}\\u{202e}\\u{200b}\\u{d800}é🛫"',
  );
  expect(quote("🛫".repeat(41))).toBe(`"${"🛫".repeat(40)}…"`);
  expect(quote("x".repeat(1e6))).toHaveLength(43);
});
