import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatNames, formats } from "./formats.ts";
import { DatasetError, readTable } from "./index.ts";
import { testDirectory } from "./testing/files.ts";
import { COLUMNS, writers } from "./testing/writers.ts";

const directory = testDirectory();
const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** Sound files of a format: one of our own, and what other software wrote. */
function samples(extension: string, ours: Buffer): Buffer[] {
  const theirs = readdirSync(fixtures).filter((name) => name.endsWith(extension));
  return [ours, ...theirs.map((name) => readFileSync(fixtures + name))];
}

describe.each(formatNames)("%s on bad bytes", (format) => {
  const extension = formats[format].extensions[0] as string;
  const path = join(directory, `fuzzed${extension}`);

  const readOrRefuse = async (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    const started = performance.now();
    try {
      await readTable(path);
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
    }
    expect(performance.now() - started).toBeLessThan(5000);
  };

  test("random bytes are read or refused", async () => {
    const start = Buffer.from(formats[format].magic ?? "");
    const bytes = fc.uint8Array({ maxLength: 400 });
    const framed = bytes.map((middle) => Buffer.concat([start, middle, start]));
    await fc.assert(fc.asyncProperty(fc.oneof(bytes, framed), readOrRefuse), { numRuns: 300, seed: 1 });
  });

  test("damaged files are read or refused", async () => {
    const own = join(directory, `sound${extension}`);
    writers[format](own, COLUMNS);
    const change = fc.record({
      // From the end, because there Parquet keeps what all else hangs on.
      fromEnd: fc.oneof(fc.nat(2000), fc.nat(30_000)),
      value: fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255)),
      length: fc.integer({ min: 1, max: 6 }),
    });
    const damage = fc.array(change, { minLength: 1, maxLength: 4 });
    const sample = fc.constantFrom(...samples(extension, readFileSync(own)));
    const kept = fc.option(fc.nat(30_000), { freq: 5 });
    await fc.assert(
      fc.asyncProperty(sample, damage, kept, async (sound, changes, length) => {
        const bytes = Buffer.from(sound);
        for (const { fromEnd, value, length: width } of changes) {
          const at = Math.max(0, bytes.length - 1 - fromEnd);
          bytes.fill(value, at, Math.min(at + width, bytes.length));
        }
        await readOrRefuse(length === null ? bytes : bytes.subarray(0, length));
      }),
      { numRuns: 400, seed: 2 },
    );
  });
});
