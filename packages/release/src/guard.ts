/**
 * The guard's program in one file of less than 1 MB: it travels to the cluster in a ConfigMap, and runs there with node
 * alone. Kept under `build/guard/` for the tree and for tests, one build per state of the packages.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "./build-lock.ts";
import { compile, ncc } from "./compile.ts";
import { codeHash, type Sources, suiteSources } from "./sources.ts";

/** A ConfigMap may hold 1 MiB, its names and what the API adds included. */
export const maxGuardBytes = 1_000_000;

/** A run that began with a build has ended by then. */
const keptMs = 24 * 3_600_000;

/** Path of the program of the sources as they are now; built when there is none yet (some 10 s). Safe to call from
 * several processes at once. */
export async function guardProgram(sources: Sources = suiteSources()): Promise<string> {
  const { root, guard } = sources;
  if (guard === undefined) throw new Error("these sources have no guard");
  const folder = join(root, "build/guard");
  // What actions and tools say does not reach the guard.
  const { tools: _, ...rest } = sources;
  const path = join(folder, await codeHash({ ...rest, actions: "none" }), "guard.mjs");
  if (existsSync(path)) return path;
  return withLock(join(root, "build/guard.lock"), async () => {
    if (existsSync(path)) return path;
    await forgetOld(folder);
    const text = await bundled(sources, guard, join(root, "build/guard-js"));
    const bytes = Buffer.byteLength(text);
    if (bytes >= maxGuardBytes) {
      throw new Error(
        `the guard has ${bytes} bytes, and must have less than ${maxGuardBytes} to fit into a ConfigMap`,
      );
    }
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(`${path}.part`, text);
    await rename(`${path}.part`, path);
    return path;
  });
}

/** Builds of other states of the sources, once nobody reads them any more. */
async function forgetOld(folder: string): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  for (const name of names) {
    const path = join(folder, name);
    if (Date.now() - (await stat(path)).mtimeMs > keptMs) await rm(path, { recursive: true, force: true });
  }
}

async function bundled(sources: Sources, guard: string, work: string): Promise<string> {
  await compile(sources, work);
  await inOneChunk(join(work, "packages"));
  const out = join(work, "bundled");
  await ncc(sources.root, join(work, guard.replace(/\.ts$/, ".js")), out);
  const files = (await readdir(out)).filter((name) => /\.[cm]?js$/.test(name));
  if (files.length !== 1)
    throw new Error(`the guard became ${files.length} files, expected one: ${files.join(", ")}`);
  return readFile(join(out, files[0] as string), "utf8");
}

/** What is `import()`ed would become a chunk of its own, in a file of its own. */
async function inOneChunk(packages: string): Promise<void> {
  for (const file of await readdir(packages, { recursive: true })) {
    const path = join(packages, file);
    if (!file.endsWith(".js") || file.includes("node_modules") || !(await stat(path)).isFile()) continue;
    const text = await readFile(path, "utf8");
    const eager = text.replace(/\bimport\((?=["'])/g, 'import(/* webpackMode: "eager" */ ');
    if (eager !== text) await writeFile(path, eager);
  }
}
