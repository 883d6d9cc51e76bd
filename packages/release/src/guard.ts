/**
 * The programs that travel to the cluster in a ConfigMap, the guard's and the mirroring proxy's: each one file of less
 * than 1 MB, which runs there with node alone. Kept under `build/guard/` for the tree and for tests, one build per state
 * of the packages.
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

/** Path of the guard's program of the sources as they are now; built when there is none yet (some 10 s). Safe to call
 * from several processes at once. */
export async function guardProgram(sources: Sources = suiteSources()): Promise<string> {
  return join(await clusterPrograms(sources), "guard.mjs");
}

/** As `guardProgram`: of the mirroring proxy. */
export async function mirrorProgram(sources: Sources = suiteSources()): Promise<string> {
  return join(await clusterPrograms(sources), "mirror.mjs");
}

async function clusterPrograms(sources: Sources): Promise<string> {
  const { root, guard, mirror } = sources;
  if (guard === undefined || mirror === undefined) throw new Error("these sources have no guard and mirror");
  const folder = join(root, "build/guard");
  // What actions and tools say does not reach the cluster.
  const { tools: _, ...rest } = sources;
  const built = join(folder, await codeHash({ ...rest, actions: "none" }));
  if (existsSync(built)) return built;
  return withLock(join(root, "build/guard.lock"), async () => {
    if (existsSync(built)) return built;
    await forgetOld(folder);
    const work = join(root, "build/guard-js");
    await compile(sources, work);
    await inOneChunk(join(work, "packages"));
    const part = `${built}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    for (const [name, entry] of Object.entries({ guard, mirror })) {
      await writeFile(join(part, `${name}.mjs`), await bundled(root, { name, entry, work }));
    }
    await rename(part, built);
    return built;
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

async function bundled(root: string, of: { name: string; entry: string; work: string }): Promise<string> {
  const out = join(of.work, "bundled");
  await ncc(root, join(of.work, of.entry.replace(/\.ts$/, ".js")), out);
  const files = (await readdir(out)).filter((name) => /\.[cm]?js$/.test(name));
  if (files.length !== 1)
    throw new Error(`the ${of.name} became ${files.length} files, expected one: ${files.join(", ")}`);
  const text = await readFile(join(out, files[0] as string), "utf8");
  const bytes = Buffer.byteLength(text);
  if (bytes < maxGuardBytes) return text;
  throw new Error(
    `the ${of.name} has ${bytes} bytes, and must have less than ${maxGuardBytes} to fit into a ConfigMap`,
  );
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
