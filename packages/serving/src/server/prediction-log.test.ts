import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inputHash, PredictionLog, type PredictionRecord } from "./prediction-log.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-log-"));
  path = join(directory, "predictions.jsonl");
});
afterEach(() => rm(directory, { recursive: true }));

const record = (id: string, outputs: PredictionRecord["outputs"] = [0.5]): PredictionRecord => ({
  at: 1,
  request_id: id,
  model: "sha256:00",
  input: "sha256:11",
  outputs,
  ms: 0.1,
});

describe("the prediction log", () => {
  it("appends, also to what a run before has left", async () => {
    await appendFile(path, '{"before":1}\n');
    const log = await PredictionLog.open(path, () => {});
    for (let index = 0; index < 5000; index++) log.append(record(`r${index}`, [0.25, null, 1]));
    await log.close();
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    expect(lines).toHaveLength(5001);
    expect(JSON.parse(lines[5000] as string)).toEqual(record("r4999", [0.25, null, 1]));
    expect(log.dropped).toBe(0);
  });

  it("drops and counts what would take more memory than it may", async () => {
    const log = await PredictionLog.open(path, () => {});
    const large = record("x", new Array(200_000).fill(0.123));
    for (let index = 0; index < 40; index++) log.append(large);
    expect(log.dropped).toBeGreaterThan(0);
    await log.close();
    const kept = (await readFile(path, "utf8")).trimEnd().split("\n");
    expect(kept.length + log.dropped).toBe(40);
  });

  it("begins anew when it is full, and keeps the one before", async () => {
    const log = await PredictionLog.open(path, () => {}, 5_000);
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 100; index++) log.append(record(`r${round}-${index}`));
      await vi.waitFor(async () => expect(await readFile(`${path}.1`, "utf8")).toContain(`"r${round}-99"`));
    }
    log.append(record("last"));
    await log.close();
    expect(await readFile(path, "utf8")).toBe(`${JSON.stringify(record("last"))}\n`);
    expect((await readFile(`${path}.1`, "utf8")).split("\n")).toHaveLength(101);
    expect(log.dropped).toBe(0);
  });

  it("counts every line that a full disk refuses, and says why", async () => {
    const problems: string[] = [];
    const log = await PredictionLog.open("/dev/full", (error) => problems.push(error.message));
    for (let index = 0; index < 7; index++) log.append(record("x"));
    await log.close();
    expect(log.dropped).toBe(7);
    expect(problems).toEqual([expect.stringContaining("ENOSPC")]);
  });
});

describe("the hash of an input", () => {
  const features = ["a", "b", "c"];
  it("is that of sorted, compact JSON without what is missing", () => {
    // printf '[{"a":1,"b":"x"},{}]' | sha256sum
    const expected = "sha256:34278a81d7d70800e0944a26e4942cf860740a5bfef33e8fd7ff7347e71d829e";
    expect(inputHash(features, [{ b: "x", a: 1, c: null }, {}])).toBe(expected);
    expect(inputHash(features, [{ a: 1n, b: "x", c: undefined }, { a: null }])).toBe(expected);
  });

  it("differs with a value, an order and a border between instances", () => {
    const hashes = [
      [{ a: 1 }, { b: 2 }],
      [{ b: 2 }, { a: 1 }],
      [{ a: 1, b: 2 }],
      [{ a: 1, b: "2" }],
      [{ a: true, b: 2 }],
    ];
    expect(new Set(hashes.map((instances) => inputHash(features, instances))).size).toBe(5);
  });
});
