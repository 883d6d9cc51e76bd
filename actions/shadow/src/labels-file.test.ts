import { mkdtemp, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Join } from "./join.ts";
import { lateLabels, readLabels } from "./labels-file.ts";

/** Both sides answered these requests, each of as many instances. */
function answered(requests: Record<string, number>) {
  const answers = new Join(1);
  for (const [id, instances] of Object.entries(requests)) {
    const answer = { id, input: "sha256:00", outputs: new Array<number>(instances).fill(0.5), ms: 1 };
    answers.add("stable", answer);
    answers.add("candidate", answer);
  }
  answers.add("stable", { id: "lost", input: "sha256:00", outputs: [1], ms: 1 });
  return answers.compared();
}

async function labelsIn(
  name: string,
  text: string,
  { growing = false, requests = { a: 1, b: 1, "18": 1 } as Record<string, number> } = {},
) {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-labels-"));
  const path = join(directory, name);
  await writeFile(path, text);
  if (!growing) await utimes(path, new Date(0), new Date(0));
  return readLabels(path, directory, answered(requests));
}

const known = async (...given: Parameters<typeof labelsIn>) => [...(await labelsIn(...given)).known];

it("finds the row of a request, and of an instance of it", async () => {
  const { column, known: found } = await labelsIn("labels.csv", "request_id,label\nb,0\na,1\n");
  // The ids that look like numbers come first in an object.
  expect([...found]).toEqual([0, 1, 1]);
  expect(column).toMatchObject({ kind: "number" });
  expect("values" in column ? [...column.values] : []).toEqual([Number.NaN, 1, 0]);
  const several = '{"request_id":"a","instance":2,"label":1}\n{"request_id":"a","instance":0,"label":0}\n';
  expect(await known("labels.jsonl", several, { requests: { a: 3 } })).toEqual([1, 0, 1]);
});

it("counts labels that come again, contradict each other, or belong to nothing that was compared", async () => {
  const rows = ["a,1", "a,1", "b,0", "b,1", "b,0", "lost,1", "never,1", "18,"];
  const { tally, known: found } = await labelsIn("labels.csv", `request_id,label\n${rows.join("\n")}\n`);
  expect(tally).toEqual({ repeated: 2, contradicting: 1, notCompared: 1, unknown: 1 });
  expect([...found]).toEqual([0, 1, 0]);
});

it("gives an instance that is not there to nobody", async () => {
  const rows = ["a,0,1", "a,7,1", "a,-1,1", "a,0.5,1"].join("\n");
  const { tally, known: found } = await labelsIn("labels.csv", `request_id,instance,label\n${rows}\n`);
  expect(tally.notCompared).toBe(3);
  expect([...found]).toEqual([0, 1, 0]);
});

it("keeps words of many batches apart, whose dictionaries begin anew", async () => {
  const many = Array.from({ length: 70_000 }, (_, index) => `x${index},early`);
  const { column } = await labelsIn("labels.csv", `request_id,label\na,late\n${many.join("\n")}\nb,late\n`);
  if (column.kind !== "string") throw new Error("it is a column of words");
  expect([...column.codes].map((code) => column.dictionary[code])).toEqual([undefined, "late", "late"]);
});

it("reads a file that is being written to up to its last whole line", async () => {
  expect(await known("labels.csv", "request_id,label\na,1\nb", { growing: true })).toEqual([0, 1, 0]);
});

it("reads the last line of a file that nobody writes to, line break or not", async () => {
  expect(await known("labels.csv", "request_id,label\na,1\nb,0")).toEqual([0, 1, 1]);
});

it("takes ids that look like numbers as they are", async () => {
  expect(await known("labels.csv", "request_id,label\n17,1\n18,0\n")).toEqual([1, 0, 0]);
});

it("has no label yet in a file with a header alone", async () => {
  expect(await known("labels.csv", "request_id,label\n")).toEqual([0, 0, 0]);
});

it("names the column that is missing", async () => {
  await expect(labelsIn("labels.csv", "id,label\na,1\n")).rejects.toThrow(
    /no column `request_id`; it has id, label/,
  );
});

it("counts the labels that came after they were read", async () => {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-labels-"));
  const path = join(directory, "labels.csv");
  await writeFile(path, "request_id,label\na,1\n");
  await utimes(path, new Date(0), new Date(0));
  const compared = answered({ a: 1, b: 1, "18": 1 });
  const before = await readLabels(path, directory, compared);
  expect(await lateLabels(path, directory, compared, before)).toBe(0);
  await writeFile(path, "request_id,label\na,1\nb,1\n18,0\nlost,1\n");
  expect(await lateLabels(path, directory, compared, before)).toBe(2);
});
