import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { guardProgram, maxGuardBytes } from "./guard.ts";

describe("the guard's program", { timeout: 120_000 }, () => {
  it("is one file that a ConfigMap can hold, and needs nothing but node", async () => {
    const path = await guardProgram();
    expect(await readdir(dirname(path))).toEqual(["guard.mjs"]);
    const text = await readFile(path, "utf8");
    expect(Buffer.byteLength(text)).toBeLessThan(maxGuardBytes);
    // Outside of a pod it says so, which it can only when all of it was loaded.
    const settings = {
      ...{ namespace: "ml", resource: "deployment/flights", rights: [], probeHosts: [], spec: "0" },
      target: { name: "deployment", object: "flights", options: {} },
    };
    const env = { ML_GUARD: JSON.stringify(settings) };
    const run = promisify(execFile)(process.execPath, [path], { cwd: "/", env });
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not run in a pod"),
    });
  });
});
