import { expect, it } from "vitest";
import type { Prediction } from "../targets/open-target.ts";
import { LogAnswers } from "./answers.ts";

const line = (at: number, id: string, ms = 1): Prediction => ({
  at,
  request_id: id,
  model: "sha256:0",
  input: "sha256:0",
  outputs: [0.5],
  ms,
});

/** A log as a target reads it: from a moment on, and perhaps a little from before it. */
function logOf(lines: Prediction[]) {
  const asked: number[] = [];
  async function* read(fromMs: number) {
    asked.push(fromMs);
    yield* lines.filter(({ at }) => at >= fromMs - 1_000);
  }
  return { lines, asked, read };
}

async function idsOf(tail: LogAnswers, upToMs?: number): Promise<string[]> {
  const ids: string[] = [];
  await tail.read(({ request_id }) => ids.push(request_id), upToMs);
  return ids;
}

it("gives each line once, also one that another overtook", async () => {
  const now = Date.now();
  const log = logOf([line(now - 3_000, "a"), line(now - 1_000, "c")]);
  const tail = new LogAnswers(log.read, now - 60_000);
  expect(await idsOf(tail)).toEqual(["a", "c"]);
  log.lines.push(line(now - 2_000, "b"), line(now - 1_000, "c", 2));
  expect(await idsOf(tail)).toEqual(["b", "c"]);
  expect(await idsOf(tail)).toEqual([]);
});

it("does not read a long log from its beginning again", async () => {
  const begin = Date.now() - 3_600_000;
  const log = logOf(Array.from({ length: 1000 }, (_, index) => line(begin + index, `r${index}`)));
  const tail = new LogAnswers(log.read, begin);
  expect(await idsOf(tail)).toHaveLength(1000);
  expect(await idsOf(tail)).toEqual([]);
  expect(log.asked[0]).toBe(begin);
  expect(log.asked[1]).toBeGreaterThan(Date.now() - 10_000);
});

it("leaves for later what is too young, and for good what is too old", async () => {
  const now = Date.now();
  const log = logOf([line(now - 9_000, "before"), line(now - 5_000, "in time"), line(now, "young")]);
  const tail = new LogAnswers(log.read, now - 8_500);
  expect(await idsOf(tail, now - 3_000)).toEqual(["in time"]);
  expect(await idsOf(tail)).toEqual(["young"]);
});
