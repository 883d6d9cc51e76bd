import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatNames, formats } from "./formats.ts";
import { DatasetError, readTable } from "./index.ts";
import { testDirectory } from "./test-files.ts";
import { COLUMNS, writers } from "./test-writers.ts";

const directory = testDirectory();

describe.each(formatNames)("%s on bad bytes", (format) => {
  const path = join(directory, `fuzzed${formats[format].extensions[0]}`);
  const readOrRefuse = async (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    const started = performance.now();
    try {
      await readTable(path);
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
    }
    expect(performance.now() - started).toBeLessThan(2000);
  };

  test("random bytes are read or refused", async () => {
    const start = Buffer.from(formats[format].magic ?? "");
    const bytes = fc.uint8Array({ maxLength: 400 });
    const framed = bytes.map((middle) => Buffer.concat([start, middle, start]));
    await fc.assert(fc.asyncProperty(fc.oneof(bytes, framed), readOrRefuse), { numRuns: 300, seed: 1 });
  });

  test("damaged files are read or refused", async () => {
    const valid = join(directory, `valid${formats[format].extensions[0]}`);
    writers[format](valid, COLUMNS);
    const original = readFileSync(valid);
    const damage = fc.array(
      fc.tuple(fc.nat(original.length - 1), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 6 })),
      { minLength: 1, maxLength: 4 },
    );
    const cut = fc.option(fc.nat(original.length), { freq: 5 });
    await fc.assert(
      fc.asyncProperty(damage, cut, async (changes, length) => {
        const bytes = Buffer.from(original);
        for (const [at, value, width] of changes) bytes.fill(value, at, Math.min(at + width, bytes.length));
        await readOrRefuse(length === null ? bytes : bytes.subarray(0, length));
      }),
      { numRuns: 400, seed: 2 },
    );
  });
});
