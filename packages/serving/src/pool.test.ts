import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ServingError } from "./errors.ts";
import type { InferencePool } from "./pool.ts";
import { childrenOf } from "./testing/children.ts";
import { modelPath, startPool, testContract } from "./testing/models.ts";

let directory: string;
const pools: InferencePool[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-pool-"));
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()));
  await rm(directory, { recursive: true });
});

async function start(...[model, options]: Parameters<typeof startPool>) {
  const started = await startPool(model, options);
  pools.push(started.pool);
  return started;
}

const codeOf = (error: unknown) => (error as ServingError).code;
const refused = (options: Parameters<typeof startPool>) =>
  start(...options).catch((error: ServingError) => error);

describe("the pool", () => {
  it("answers rows of every datatype unharmed", async () => {
    const { pool, batch } = await start("mixed");
    const plain = { seat: 0, international: false, carrier: "UA", temperature: 1, wind: 1, distance: 0 };
    const { rows, width, values, nanRows } = await pool.predict(
      batch(
        // The first is 2^53 + 1, which no double is: 1 if it arrives, 0 or 2 if it was rounded.
        { ...plain, flight: 9007199254740993n },
        { ...plain, flight: 9007199254740992n, seat: 7 },
        { ...plain, flight: 9007199254740992n, international: true },
        { ...plain, flight: 9007199254740992n, carrier: "Zürich ✈" },
        { ...plain, flight: 9007199254740992n, carrier: null, temperature: null },
        { ...plain, flight: 9007199254740992n, distance: 0.1 },
      ),
    );
    expect({ rows, width, nanRows }).toEqual({ rows: 6, width: 1, nanRows: 0 });
    expect([...values]).toEqual([1001, 1070, 1100, 2000, 13_000, 1000.1]);
  });

  it("answers a multiclass model with a number a class, as NumPy computes it", async () => {
    const { pool, batch } = await start("classes");
    const { width, values } = await pool.predict(batch({ left: 0.5, right: 1 }, { left: -2, right: 0.25 }));
    expect(width).toBe(3);
    // numpy 2.4: z = [[.5, 1, 0], [-2, .25, 2.125]]; exp(z) / exp(z).sum(axis=1)
    const expected = [0.30719589, 0.50648039, 0.18632372, 0.01382064, 0.13112659, 0.85505277];
    values.forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index] as number, 6);
    });
  });

  it("counts rows that are not finite", async () => {
    const { pool, batch } = await start("moody");
    const { values, nanRows } = await pool.predict(batch({ mood: -1 }, { mood: 4 }, { mood: -9 }));
    expect(nanRows).toBe(2);
    expect([...values].map(Number.isNaN)).toEqual([true, false, true]);
  });

  it("answers a large batch in parts, each row in its place", async () => {
    const { pool, batch } = await start("moody", { processes: 2, maxQueued: 4 });
    const moods = Array.from({ length: 10_000 }, (_, row) => row % 400);
    const { values } = await pool.predict(batch(...moods.map((mood) => ({ mood }))));
    moods.forEach((mood, row) => {
      expect(values[row]).toBeCloseTo(1 / (1 + Math.exp(-Math.sqrt(mood) / 100)), 5);
    });
  });

  it("answers large batches unharmed whose process is killed, and its next messages with it", async () => {
    const { pool, batch } = await start("moody");
    // The slow row is in the first of the parts that the process has.
    const moods = Array.from({ length: 3000 }, (_, row) => (row === 7 ? 640 : row % 400));
    const answers = [moods, moods.toReversed()].map((each) =>
      pool.predict(batch(...each.map((mood) => ({ mood })))),
    );
    await sleep(100);
    for (const pid of await childrenOf(process.pid, "programs/inference.ts")) process.kill(pid, "SIGKILL");
    const [forward, backward] = await Promise.all(answers);
    expect(backward?.values.toReversed()).toEqual(forward?.values);
    expect(pool.health().restarts).toBe(1);
  });

  it("fails the large batch that holds a row without end, and no other", async () => {
    const { pool, batch } = await start("moody", { timeoutMs: 500 });
    const [good, bad] = [3, 5000].map((mood) =>
      Array.from({ length: 4000 }, () => ({ mood: 1 })).with(2500, { mood }),
    );
    const results = await Promise.allSettled([bad, good].map((rows) => pool.predict(batch(...(rows ?? [])))));
    expect(results.map((result) => result.status)).toEqual(["rejected", "fulfilled"]);
    expect(codeOf((results[0] as PromiseRejectedResult).reason)).toBe("timeout");
    while (pool.health().alive < 1) await sleep(20);
    expect((await pool.predict(batch({ mood: 1 }))).rows).toBe(1);
  });

  it("kills a process that does not answer in time; only the culprit fails", async () => {
    const { pool, batch } = await start("moody", { timeoutMs: 300 });
    const requests = Array.from({ length: 50 }, (_, index) =>
      pool.predict(batch({ mood: index === 20 ? 5000 : index })),
    );
    const results = await Promise.allSettled(requests);
    const failed = results.flatMap((result, index) =>
      result.status === "rejected" ? [{ index, code: codeOf(result.reason) }] : [],
    );
    expect(failed).toEqual([{ index: 20, code: "timeout" }]);
    expect(pool.health()).toMatchObject({ processes: 1, alive: 1 });
  });

  it("gives nothing more to a process that was killed, not even while it dies", async () => {
    const { pool, batch } = await start("moody", { timeoutMs: 100 });
    await expect(pool.predict(batch({ mood: 5000 }))).rejects.toMatchObject({ code: "timeout" });
    expect(pool.health()).toMatchObject({ processes: 1, alive: 0 });
  });

  it("asks the companions of rows that the graph refuses again", async () => {
    const { pool, batch } = await start("moody");
    const results = await Promise.allSettled([1, 500, 2].map((mood) => pool.predict(batch({ mood }))));
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(codeOf((results[1] as PromiseRejectedResult).reason)).toBe("inference");
    expect(pool.health().restarts).toBe(0);
  });

  it("loses no request when processes are killed under it", async () => {
    const { pool, batch } = await start("moody", { processes: 2 });
    // They take a good part of a second, so the kill finds them running.
    const requests = [650, 651, 652].map((mood) => pool.predict(batch({ mood })));
    await sleep(20);
    const victims = await childrenOf(process.pid, "programs/inference.ts");
    expect(victims).toHaveLength(2);
    for (const victim of victims) process.kill(victim, "SIGKILL");
    const answers = await Promise.all(requests);
    expect(answers.map(({ rows }) => rows)).toEqual([1, 1, 1]);
    expect(pool.health().restarts).toBe(2);
    while (pool.health().alive < 2) await sleep(20);
  });

  it("calls a request the cause when one process after another dies under it", async () => {
    const { pool, batch } = await start("moody", { timeoutMs: 20_000 });
    const poison = pool.predict(batch({ mood: 5000 })).catch(codeOf);
    for (let death = 0; death < 3; death++) {
      while (pool.health().alive < 1) await sleep(20);
      await sleep(50);
      for (const pid of await childrenOf(process.pid, "programs/inference.ts")) process.kill(pid, "SIGKILL");
      while (pool.health().restarts === death) await sleep(10);
    }
    expect(await poison).toBe("crash");
    while (pool.health().alive < 1) await sleep(20);
    expect((await pool.predict(batch({ mood: 1 }))).rows).toBe(1);
  });

  it("lets nobody wait when no process can be started again", async () => {
    const path = join(directory, "moody.onnx");
    await copyFile(modelPath("moody"), path);
    const { pool, batch } = await start("moody", { modelPath: path, timeoutMs: 300 });
    await rm(path);
    for (const pid of await childrenOf(process.pid, "programs/inference.ts")) process.kill(pid, "SIGKILL");
    while (pool.health().alive > 0) await sleep(10);
    // The first waits for the replacement that fails, the second is told at once.
    for (let turn = 0; turn < 2; turn++) {
      await expect(pool.predict(batch({ mood: 1 }))).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringMatching(/^no inference process can be started: cannot read the model/),
      });
    }
  });

  it("refuses what is too much, and goes on with the rest", async () => {
    const { pool, batch } = await start("moody", { maxQueued: 2 });
    const results = await Promise.allSettled([1, 2, 3, 4].map((mood) => pool.predict(batch({ mood }))));
    expect(results.map((result) => result.status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "rejected",
    ]);
    expect(codeOf((results[2] as PromiseRejectedResult).reason)).toBe("overloaded");
  });

  it("times rows one by one, inside the process", async () => {
    const { pool, batch } = await start("moody");
    const ms = await pool.timeSingleRows([batch({ mood: 1 }), batch({ mood: 603 })], {
      warmUp: 3,
      repeats: 3,
    });
    expect(ms).toHaveLength(6);
    expect(ms.every((one) => one > 0)).toBe(true);
    expect(ms[1]).toBeGreaterThan(10 * (ms[2] as number));
  });

  it("stops with what waits told so, and leaves no process", async () => {
    const { pool, batch } = await start("moody");
    const waiting = pool.predict(batch({ mood: 5000 })).catch(codeOf);
    const behind = pool.predict(batch({ mood: 1 })).catch(codeOf);
    await sleep(50);
    await pool.stop();
    expect([await waiting, await behind]).toEqual(["stopped", "stopped"]);
    expect(await pool.predict(batch({ mood: 1 })).catch(codeOf)).toBe("stopped");
    expect(await childrenOf(process.pid, "programs/inference.ts")).toEqual([]);
  });
});

describe("a pool that cannot start says why", () => {
  it.each<[string, Parameters<typeof startPool>, string, RegExp]>([
    ["no file", ["moody", { modelPath: "/nowhere/x.onnx" }], "model-uri", /no model at \/nowhere\/x\.onnx/],
    ["no program", ["moody", { program: "/nowhere/p.js" }], "runtime", /no inference program/],
    ["no onnxruntime", ["moody", { runtime: "/nowhere" }], "runtime", /cannot load onnxruntime-node/],
    ["another digest", ["moody", { digest: `sha256:${"0".repeat(64)}` }], "model-digest", /not sha256:000/],
    ["weights elsewhere", ["external", {}], "model-invalid", /another file.*external\.bin/],
    [
      "another model's file",
      ["moody", { modelPath: modelPath("classes") }],
      "model-contract",
      /no output "score"/,
    ],
  ])("%s", async (_name, options, code, message) => {
    const error = await refused(options);
    expect(error).toMatchObject({ code, remedy: expect.stringMatching(/\w{3}/) });
    expect((error as Error).message).toMatch(message);
  });

  it("a file that is no model", async () => {
    const path = join(directory, "broken.onnx");
    await writeFile(path, "hello");
    expect(await refused(["moody", { modelPath: path }])).toMatchObject({ code: "model-invalid" });
  });

  it("a probe that the model answers with NaN", async () => {
    const contract = { ...(await testContract("moody")), probe: { mood: -4 } };
    expect(await refused(["moody", { contract }])).toMatchObject({
      code: "model-probe",
      message: expect.stringContaining("[NaN]"),
    });
  });

  it("a model file replaced under a running pool is not taken up", async () => {
    const path = join(directory, "moody.onnx");
    await copyFile(modelPath("moody"), path);
    const { pool, batch } = await start("moody", { modelPath: path, timeoutMs: 200 });
    await copyFile(modelPath("classes"), path);
    await expect(pool.predict(batch({ mood: 5000 }))).rejects.toMatchObject({ code: "timeout" });
    await sleep(700);
    expect(pool.health().alive).toBe(0);
    await copyFile(modelPath("moody"), path);
    while (pool.health().alive < 1) await sleep(50);
    expect((await pool.predict(batch({ mood: 4 }))).nanRows).toBe(0);
  });
});
