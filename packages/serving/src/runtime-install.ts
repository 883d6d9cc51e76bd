/** Installs onnxruntime-node in the runner's tool cache: from a lock file with integrity hashes, without running any
 * script of any package, and with the binaries of one platform alone (288 MB → 46 MB on Linux x64). */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { access, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ServingError } from "./errors.ts";

export interface InstallOptions {
  /** The folder that holds the package.json and package-lock.json to install from. */
  lock: string;
  onProgress: (line: string) => void;
  environment: NodeJS.ProcessEnv;
  platform: BinaryPlatform;
}

/** In Node's words: `linux`, `x64`. */
export interface BinaryPlatform {
  os: string;
  architecture: string;
}

/** Written last: a folder without it is what an interrupted run left. */
const marker = "complete";
const keptVariables =
  /^(PATH|HOME|USERPROFILE|APPDATA|LOCALAPPDATA|SystemRoot|ComSpec|TEMP|TMP|TMPDIR|(https?|no|all)_proxy|npm_config_.*|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR)$/i;
const installTimeoutMs = 300_000;

/** Gives the folder of the package in the tool cache. Two at once are safe: each installs beside, the first to rename
 * wins, the other uses that. Rejects with `ServingError` code `runtime`. */
export async function installRuntime(options: InstallOptions): Promise<string> {
  const { lock, onProgress, environment, platform } = options;
  const version = await lockedVersion(lock);
  const cache = environment.RUNNER_TOOL_CACHE || join(homedir(), ".cache", "ml-actions", "tools");
  const place = join(cache, "ml-actions-onnxruntime", version, `${platform.os}-${platform.architecture}`);
  const runtime = join(place, "node_modules", "onnxruntime-node");
  if (await exists(join(place, marker))) return runtime;
  if (environment.ONNXRUNTIME_NODE_INSTALL === "skip") {
    throw missing(place, version, "ONNXRUNTIME_NODE_INSTALL=skip forbids installing it");
  }
  onProgress(`installing onnxruntime-node ${version} in ${place} (once a machine, about 100 MB to download)`);
  const began = Date.now();
  const beside = `${place}.${randomUUID()}`;
  try {
    await mkdir(beside, { recursive: true });
    for (const file of ["package.json", "package-lock.json"])
      await copyFile(join(lock, file), join(beside, file));
    await npmInstall(beside, environment);
    await keepWhatRuns(join(beside, "node_modules"));
    await keepPlatform(join(beside, "node_modules", "onnxruntime-node"), platform);
    await writeFile(join(beside, marker), `${version}\n`);
    await moveIntoPlace(beside, place);
  } catch (cause) {
    throw cause instanceof ServingError ? cause : missing(place, version, (cause as Error).message, cause);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  onProgress(`installed onnxruntime-node ${version} in ${Math.round((Date.now() - began) / 1000)} s`);
  return runtime;
}

async function lockedVersion(lock: string): Promise<string> {
  try {
    const { dependencies } = JSON.parse(await readFile(join(lock, "package.json"), "utf8"));
    const version: unknown = dependencies["onnxruntime-node"];
    if (typeof version === "string" && /^\d+\.\d+\.\d+$/.test(version)) return version;
    throw new Error("it pins no exact version of onnxruntime-node");
  } catch (cause) {
    throw new ServingError(
      "runtime",
      `cannot install onnxruntime-node from ${lock}: ${(cause as Error).message}`,
      {
        cause,
        remedy: "Give the folder with the package.json and package-lock.json that came with this release.",
      },
    );
  }
}

/** `npm ci` takes exactly what the lock file hashes, and fails on anything else. */
async function npmInstall(folder: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const windows = process.platform === "win32";
  const child = spawn(
    windows ? "npm.cmd" : "npm",
    ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", "--loglevel=error"],
    {
      cwd: folder,
      shell: windows,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: installTimeoutMs,
      // Tokens of the job are none of npm's business.
      env: Object.fromEntries(Object.entries(environment).filter(([name]) => keptVariables.test(name))),
    },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-1500);
  });
  await new Promise<void>((resolve, reject) => {
    child.on("error", (error) => reject(new Error(`npm cannot be run: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ci ended with ${signal ?? `exit code ${code}`}: ${said.trim()}`));
    });
  });
}

/** The other packages serve its install script alone, which is not run. */
async function keepWhatRuns(modules: string): Promise<void> {
  for (const name of await readdir(modules)) {
    if (!["onnxruntime-node", "onnxruntime-common"].includes(name)) {
      await rm(join(modules, name), { recursive: true });
    }
  }
}

/** The package holds `bin/napi-v<n>/<os>/<architecture>/`; only one platform's stays. */
async function keepPlatform(runtime: string, { os, architecture }: BinaryPlatform): Promise<void> {
  const bin = join(runtime, "bin");
  for (const napi of await readdir(bin)) {
    for (const folder of await readdir(join(bin, napi))) {
      for (const other of await readdir(join(bin, napi, folder))) {
        if (folder === os && other === architecture) continue;
        await rm(join(bin, napi, folder, other), { recursive: true });
      }
    }
    if (!(await exists(join(bin, napi, os, architecture)))) {
      throw new Error(`it has no binary for ${os} on ${architecture}`);
    }
  }
}

/** More than this many turns are not two processes in each other's way, but a disk that refuses. */
const mostTurns = 10;

/** The first to rename wins. What stands there without the marker was left by an interrupted run and is moved away;
 * another process may be doing the same between any two of these steps, so each looks again. */
async function moveIntoPlace(from: string, place: string): Promise<void> {
  for (let turn = 1; ; turn++) {
    try {
      await rename(from, place);
      return;
    } catch (error) {
      if (await exists(join(place, marker))) return;
      const occupied = ["ENOTEMPTY", "EEXIST", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
      if (!occupied || turn === mostTurns) throw error;
      await moveAway(place);
    }
  }
}

async function moveAway(place: string): Promise<void> {
  const aside = `${place}.${randomUUID()}`;
  const moved = await rename(place, aside).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
  if (!moved) return;
  // It may have been finished and used by another since we looked: then it goes back.
  if (await exists(join(aside, marker))) await rename(aside, place).catch(() => {});
  await rm(aside, { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function missing(place: string, version: string, why: string, cause?: unknown): ServingError {
  return new ServingError("runtime", `onnxruntime-node ${version} is not on this machine, and ${why}`, {
    cause,
    remedy:
      `Seed the tool cache on a machine with a network: npm ci --ignore-scripts with this release's runtime/ files, ` +
      `in ${place}, then write a file named "${marker}" there. Or set ONNXRUNTIME to the folder of the package.`,
  });
}
