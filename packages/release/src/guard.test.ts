import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { guardProgram, maxGuardBytes, mirrorProgram } from "./guard.ts";

describe("the guard's program", { timeout: 120_000 }, () => {
  it("is one file that a ConfigMap can hold, and needs nothing but node", async () => {
    const path = await guardProgram();
    expect(await readdir(dirname(path))).toEqual(["guard.mjs", "mirror.mjs"]);
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

describe("the mirroring proxy's program", { timeout: 120_000 }, () => {
  it("is one file that a ConfigMap can hold, serves until it is told to end, and ends", async () => {
    const path = await mirrorProgram();
    expect((await readFile(path)).byteLength).toBeLessThan(maxGuardBytes);
    const [httpPort, readyPort] = await Promise.all([freePort(), freePort()]);
    const settings = {
      ...{ percent: 100, stable: "127.0.0.1", candidate: "127.0.0.1", httpPort, tcpPorts: [] },
      ...{ readyPort, readyPath: "/", drainMs: 100 },
    };
    const env = { ML_MIRROR: JSON.stringify(settings) };
    const program = spawn(process.execPath, [path], { cwd: "/", env, stdio: ["ignore", "ignore", "pipe"] });
    const ended = once(program, "exit");
    await once(program.stderr, "data");
    expect((await fetch(`http://127.0.0.1:${readyPort}/alive`)).status).toBe(200);
    program.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
