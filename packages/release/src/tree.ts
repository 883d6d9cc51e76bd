/**
 * Builds the release tree. `npm run release:tree -- --out DIR [--ref v1]` for people; `releaseTree()` for tests, which
 * all share one build per state of the sources.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { withLock } from "./build-lock.ts";
import { bundle } from "./bundle.ts";
import { actionNamesIn } from "./definitions.ts";
import { guardProgram, mirrorProgram } from "./guard.ts";
import { layOutImage } from "./image.ts";
import { laidOut, layOut } from "./layout.ts";
import { codeHash, layoutHash, type Sources, suiteSources } from "./sources.ts";

/** Older builds go; a few stay, for tests that still run on them and for switching between branches. */
const KEPT_BUILDS = 4;

/**
 * The path of the release tree of the sources as they are now, under `build/release/`; built when there is none yet
 * (some 30 s on two cores). Safe to call from several processes at once. Nobody may write into it.
 */
export async function releaseTree(sources: Sources = suiteSources(), ref = "v1"): Promise<string> {
  const build = join(sources.root, "build");
  const code = await codeHash(sources);
  const tree = join(build, "release", `${code}-${await layoutHash(sources, laidOut(sources))}-${ref}`);
  if (await used(tree)) return tree;
  return withLock(join(build, "release.lock"), async () => {
    if (await used(tree)) return tree;
    const bundled = join(build, "bundle", code);
    if (!(await used(bundled))) {
      const work = join(build, "js");
      await complete(bundled, async (out) => {
        await bundle(sources, { work, out: join(out, "bundle") });
        if (sources.image) await layOutImage(sources, { work, out: join(out, "image") });
        if (sources.guard) {
          await cp(await guardProgram(sources), join(out, "guard/guard.mjs"));
          await cp(await mirrorProgram(sources), join(out, "mirror/mirror.mjs"));
        }
      });
      await prune(join(build, "bundle"));
    }
    const actions = await actionNamesIn(join(sources.root, sources.actions));
    await complete(tree, (out) => layOut(sources, { bundled, actions, out, ref }));
    await prune(join(build, "release"));
    return tree;
  });
}

/** Puts the release tree into `out`: a new or empty directory, or one that holds an earlier tree (and perhaps .git). */
export async function buildReleaseTree({ out, ref = "v1" }: { out: string; ref?: string }): Promise<void> {
  if (!/^[\w./-]+$/.test(ref)) throw new Error(`--ref ${JSON.stringify(ref)} is no tag, branch or commit`);
  const there = existsSync(out) ? (await readdir(out)).filter((name) => name !== ".git") : [];
  if (there.length > 0 && !(there.includes("start.js") && there.includes("bundle"))) {
    throw new Error(
      `${out} holds something other than a release tree; give a directory that is new or empty`,
    );
  }
  const tree = await releaseTree(suiteSources(), ref);
  for (const name of there) await rm(join(out, name), { recursive: true });
  await mkdir(out, { recursive: true });
  await cp(tree, out, { recursive: true });
}

/** A directory appears whole or not at all, whenever this process dies. */
async function complete(directory: string, make: (out: string) => Promise<void>): Promise<void> {
  const unfinished = `${directory}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await make(unfinished);
  await rename(unfinished, directory);
}

/** Is it there? If so, it counts as used now. */
async function used(directory: string): Promise<boolean> {
  if (!existsSync(directory)) return false;
  await utimes(directory, new Date(), new Date());
  return true;
}

async function prune(folder: string): Promise<void> {
  const names = await readdir(folder);
  const ages = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  ages.sort((a, b) => b.at - a.at);
  for (const { name } of ages.slice(KEPT_BUILDS))
    await rm(join(folder, name), { recursive: true, force: true });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: "string" }, ref: { type: "string", default: "v1" } },
  });
  if (values.out === undefined) {
    console.error("usage: npm run release:tree -- --out DIR [--ref v1]");
    process.exitCode = 2;
    return;
  }
  const startedMs = Date.now();
  const out = resolve(values.out);
  await buildReleaseTree({ out, ref: values.ref });
  console.log(`Release tree in ${out} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
}

if (import.meta.main) await main();
