import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import type { ReadOptions } from "../index.ts";
import { DatasetError, readTable } from "../index.ts";

/** Test helper: a directory of the test file's own, which is gone when its tests are done. */
export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "ml-actions-datasets-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Test helper: writes a file into such a directory and gives its path. */
export function testFiles(): (name: string, contents: string | Uint8Array) => string {
  const directory = testDirectory();
  return (name, contents) => {
    const path = join(directory, name);
    writeFileSync(path, contents);
    return path;
  };
}

/** The error of a dataset that cannot be read. */
export async function failure(path: string, options: ReadOptions = {}): Promise<DatasetError> {
  const outcome = await readTable(path, options).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(DatasetError);
  expect((outcome as DatasetError).remedy).not.toBe("");
  return outcome as DatasetError;
}
