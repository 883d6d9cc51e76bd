import { appendFile, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPredictions } from "./predictions.ts";

const line = (at: number) =>
  `${JSON.stringify({ at, request_id: `r${at}`, model: "sha256:0", input: "sha256:1", outputs: [at / 1e6], ms: 1 })}\n`;

async function logOf(text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "ml-actions-log-")), "log.jsonl");
  await writeFile(path, text);
  return path;
}

async function moments(path: string, fromMs?: number): Promise<number[]> {
  const found: number[] = [];
  for await (const { at } of readPredictions(path, fromMs)) found.push(at);
  return found;
}

test("a log that is not there has no answers, and neither has an empty one", async () => {
  expect(await moments("/nowhere/log.jsonl")).toEqual([]);
  expect(await moments(await logOf(""))).toEqual([]);
});

test("all answers since a moment are read, and of a long log not many before it", async () => {
  const count = 50_000;
  const path = await logOf(Array.from({ length: count }, (_, i) => line(i * 100)).join(""));
  for (const from of [0, 1, 1_234_567, 4_999_900, 6_000_000]) {
    const found = await moments(path, from);
    const wanted = Array.from({ length: count }, (_, i) => i * 100).filter((at) => at >= from);
    expect(found.filter((at) => at >= from)).toEqual(wanted);
    if (from > 1_000_000) expect(found.length - wanted.length).toBeLessThan(2_000);
  }
});

test("lines that are not whole are left out", async () => {
  const path = await logOf(`${line(1)}{"at": 2, "requ\nnot json\n\n${line(3)}`);
  await appendFile(path, line(4).slice(0, 20));
  expect(await moments(path)).toEqual([1, 3]);
});

test("a log of lines longer than what is read at once is read from its beginning", async () => {
  const long = JSON.stringify({
    at: 1,
    request_id: "r",
    model: "m",
    input: "i",
    outputs: new Array(50_000).fill(0.5),
    ms: 1,
  });
  const path = await logOf(`${long}\n${long}\n${line(9)}`);
  expect(await moments(path, 5)).toContain(9);
});

test("what the server put aside comes before what it began anew", async () => {
  const path = await logOf(`${line(3)}${line(4)}`);
  await writeFile(`${path}.1`, `${line(1)}${line(2)}`);
  expect(await moments(path)).toEqual([1, 2, 3, 4]);
});
