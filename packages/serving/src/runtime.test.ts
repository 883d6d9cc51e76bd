import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findRuntime } from "./runtime.ts";
import { type BinaryPlatform, installRuntime } from "./runtime-install.ts";
import { inferenceProgram, onnxruntime } from "./testing/models.ts";

const lock = join(dirname(dirname(dirname(inferenceProgram))), "runtime");
let directory: string;
let lines: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ml-actions-runtime-"));
  lines = [];
});
afterEach(() => rm(directory, { recursive: true }));

const place = () =>
  join(directory, "ml-actions-onnxruntime", "1.30.0", `${process.platform}-${process.arch}`);
const here = { os: process.platform, architecture: process.arch };
const install = (environment: Record<string, string> = {}, from = lock, platform: BinaryPlatform = here) =>
  installRuntime({
    platform,
    lock: from,
    onProgress: (line) => lines.push(line),
    environment: {
      PATH: `${directory}/bin:${process.env.PATH}`,
      RUNNER_TOOL_CACHE: directory,
      ...environment,
    },
  });

/** A stand-in for npm's download alone: 100 MB are not fetched in a unit test. What is done with them is real. */
async function npm(script: string): Promise<void> {
  await mkdir(join(directory, "bin"), { recursive: true });
  await writeFile(join(directory, "bin", "npm"), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, "bin", "npm"), 0o755);
}
/** What npm leaves; it logs its arguments and a token that it should not have been given. */
const unpack = () => `echo "$@" "token=$NPM_TOKEN" >> "${directory}/npm.log"
for at in linux/x64 linux/arm64 darwin/arm64 win32/x64; do mkdir -p node_modules/onnxruntime-node/bin/napi-v6/$at; done
mkdir -p node_modules/onnxruntime-common node_modules/adm-zip`;

describe("onnxruntime-node", () => {
  it("is found where the program would find it", async () => {
    expect(await findRuntime({ inference: inferenceProgram })).toBe(onnxruntime);
  });

  it("is taken from the tool cache when it is complete there", async () => {
    await mkdir(place(), { recursive: true });
    await writeFile(join(place(), "complete"), "1.30.0\n");
    expect(await install({ PATH: "" })).toBe(join(place(), "node_modules", "onnxruntime-node"));
    expect(lines).toEqual([]);
  });

  it("is installed without any package's scripts, and only what runs here stays", async () => {
    await npm(unpack());
    const runtime = await install({ NPM_TOKEN: "secret" });
    expect(await readdir(join(place(), "node_modules"))).toEqual(["onnxruntime-common", "onnxruntime-node"]);
    expect(await readdir(join(runtime, "bin/napi-v6", process.platform))).toEqual([process.arch]);
    expect(await readFile(join(directory, "npm.log"), "utf8")).toMatch(/^ci --ignore-scripts .* token=$/m);
    expect(lines).toEqual([
      expect.stringMatching(/^installing onnxruntime-node 1\.30\.0 in/),
      expect.any(String),
    ]);
    lines = [];
    expect(await install()).toBe(runtime);
    expect(lines).toEqual([]);
  });

  it("is installed for a platform other than this machine's, beside its own", async () => {
    await npm(unpack());
    for (const architecture of ["x64", "arm64"]) {
      const runtime = await install({}, lock, { os: "linux", architecture });
      expect(await readdir(join(runtime, "bin/napi-v6/linux"))).toEqual([architecture]);
      expect(await readdir(join(runtime, "bin/napi-v6/darwin"))).toEqual([]);
    }
    await expect(install({}, lock, { os: "linux", architecture: "riscv64" })).rejects.toMatchObject({
      message: expect.stringContaining("no binary for linux on riscv64"),
    });
  });

  it("is installed by several at once, and over what an interrupted run has left", async () => {
    await npm(unpack());
    await mkdir(join(place(), "node_modules", "half"), { recursive: true });
    const all = await Promise.all(Array.from({ length: 6 }, () => install()));
    expect(new Set(all).size).toBe(1);
    expect(await readdir(join(place(), "node_modules"))).toEqual(["onnxruntime-common", "onnxruntime-node"]);
    expect(await readdir(dirname(place()))).toEqual([`${process.platform}-${process.arch}`]);
  });

  it.each<[string, () => Promise<void>, Record<string, string>, RegExp]>([
    ["no npm", async () => {}, { PATH: "/nowhere" }, /npm cannot be run/],
    [
      "no network",
      () => npm("echo 'npm error ENOTFOUND registry' >&2; exit 1"),
      {},
      /exit code 1: npm error ENOTFOUND/,
    ],
    ["an order not to", () => npm("exit 0"), { ONNXRUNTIME_NODE_INSTALL: "skip" }, /=skip forbids/],
    [
      "a package without this platform",
      () => npm("mkdir -p node_modules/onnxruntime-node/bin/napi-v6"),
      {},
      /no binary/,
    ],
  ])(
    "that cannot be had for %s is an error that says how to seed the cache",
    async (_name, prepare, env, message) => {
      await prepare();
      const error = await install(env).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "runtime", remedy: expect.stringContaining(place()) });
      expect((error as Error).message).toMatch(message);
      expect(await readdir(dirname(place())).catch(() => [])).toEqual([]);
    },
  );

  it("is not installed from a folder without a lock", async () => {
    await expect(install({}, directory)).rejects.toMatchObject({
      code: "runtime",
      message: expect.stringMatching(directory),
    });
  });

  it("has one version: that of the checkout is the one of the lock file", async () => {
    const version = async (path: string) => JSON.parse(await readFile(path, "utf8"));
    const { packages } = await version(join(lock, "package-lock.json"));
    expect(packages["node_modules/onnxruntime-node"].version).toBe(
      (await version(`${onnxruntime}/package.json`)).version,
    );
    for (const [name, entry] of Object.entries<{ integrity?: string; resolved?: string }>(packages)) {
      if (name !== "") expect(entry.integrity, name).toMatch(/^sha512-/);
      expect(entry.resolved).toBeUndefined();
    }
  });
});
