import { mkdtemp, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { labelKey, readLabels } from "./labels-file.ts";

async function labelsIn(name: string, text: string, { growing = false } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-labels-"));
  const path = join(directory, name);
  await writeFile(path, text);
  if (!growing) await utimes(path, new Date(0), new Date(0));
  return readLabels(path, directory);
}

it("finds the row of a request, and of an instance of it", async () => {
  const plain = await labelsIn("labels.csv", "request_id,label\na,1\nb,0\n");
  expect(plain.rows.get(labelKey("b", 0))).toBe(1);
  expect(plain.rows.has(labelKey("b", 1))).toBe(false);
  const several = await labelsIn(
    "labels.jsonl",
    '{"request_id":"a","instance":0,"label":1}\n{"request_id":"a","instance":1,"label":0}\n',
  );
  expect(several.rows.get(labelKey("a", 1))).toBe(1);
});

it("reads a file that is being written to up to its last whole line", async () => {
  const { rows } = await labelsIn("labels.csv", "request_id,label\na,1\nb,0\nc", { growing: true });
  expect([...rows.keys()]).toEqual([labelKey("a", 0), labelKey("b", 0)]);
});

it("reads the last line of a file that nobody writes to, line break or not", async () => {
  expect((await labelsIn("labels.csv", "request_id,label\na,1\nb,0")).rows.size).toBe(2);
});

it("takes ids that look like numbers as they are", async () => {
  const { rows } = await labelsIn("labels.csv", "request_id,label\n17,1\n18,0\n");
  expect(rows.get(labelKey("18", 0))).toBe(1);
});

it("names the column that is missing", async () => {
  await expect(labelsIn("labels.csv", "id,label\na,1\n")).rejects.toThrow(
    /no column `request_id`; it has id, label/,
  );
});
