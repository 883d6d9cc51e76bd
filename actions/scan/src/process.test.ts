import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProgram } from "./process.ts";
import { giveCredentials, openWorkroom, removeWorkroom } from "./workroom.ts";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "scan-process-"));
});
afterAll(() => rm(cwd, { recursive: true }));

const run = (script: string, timeoutMs = 10_000, signal = new AbortController().signal) =>
  runProgram({
    path: "/bin/sh",
    args: ["-c", script],
    cwd,
    environment: { PATH: "/usr/bin:/bin", ONLY: "this" },
    timeoutMs,
    signal,
  });

/** A process that nobody has asked about is dead, but still has its number: proc(5), state Z. */
const isAlive = (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/stat`, "utf8").then(
    (stat) => !stat.slice(stat.lastIndexOf(")")).startsWith(") Z"),
    () => false,
  );

const isGone = async (file: string): Promise<boolean> => {
  const pid = Number(await readFile(join(cwd, file), "utf8"));
  for (let tries = 0; tries < 50 && (await isAlive(pid)); tries++) await sleep(20);
  return !(await isAlive(pid));
};

describe("a program that is not trusted further than needed", () => {
  it("has the environment that it was given and no more", async () => {
    process.env.A_SECRET = "hidden";
    const { stdout, code } = await run("env");
    expect(code).toBe(0);
    expect(stdout).toContain("ONLY=this");
    expect(stdout).not.toContain("hidden");
    delete process.env.A_SECRET;
  });

  it("that hangs is ended in time, with what it started", async () => {
    const ended = await run("sleep 60 & echo $! > hung; wait", 300);
    expect(ended).toMatchObject({ timedOut: true, signal: "SIGKILL", code: null });
    expect(await isGone("hung")).toBe(true);
  });

  it("that leaves something behind does not keep us, nor does what it left", async () => {
    const began = Date.now();
    expect(await run("sleep 60 & echo $! > left; exit 3")).toMatchObject({ code: 3, timedOut: false });
    expect(Date.now() - began).toBeLessThan(5000);
    expect(await isGone("left")).toBe(true);
  });

  it("that talks without end is heard to its limit", async () => {
    const { stdout, stderr } = await run(
      "yes | head -c 5000000; yes err | head -c 5000000 >&2; echo last >&2",
    );
    expect(stdout.length).toBe(1024 * 1024);
    expect(stderr.length).toBeLessThanOrEqual(16 * 1024);
  });

  it("ends with the step that is cancelled", async () => {
    const controller = new AbortController();
    const running = run("echo $$ > cancelled; sleep 60", 60_000, controller.signal);
    await sleep(200);
    controller.abort(new DOMException("cancelled", "AbortError"));
    await expect(running).rejects.toThrow("cancelled");
    expect(await isGone("cancelled")).toBe(true);
  });
});

describe("the scanner's room", () => {
  it("holds what may pass, and credentials of one registry that go with it", async () => {
    const room = await openWorkroom({
      PATH: "/bin",
      HTTPS_PROXY: "http://proxy",
      GITHUB_TOKEN: "secret",
      INPUT_PASSWORD: "secret",
      TRIVY_SEVERITY: "LOW",
      HOME: "/root",
      RUNNER_TEMP: cwd,
    });
    expect(Object.keys(room.environment).toSorted()).toEqual([
      "DOCKER_CONFIG",
      "HOME",
      "HTTPS_PROXY",
      "PATH",
      "TMPDIR",
    ]);
    expect(room.environment.HOME).toContain(room.directory);
    await giveCredentials(room, "docker.io", { identityToken: "token" });
    const config = join(room.environment.DOCKER_CONFIG as string, "config.json");
    expect(JSON.parse(await readFile(config, "utf8"))).toEqual({
      auths: { "https://index.docker.io/v1/": { identitytoken: "token" } },
    });
    await removeWorkroom(room.directory);
    await expect(readFile(config)).rejects.toThrow("ENOENT");
  });
});
