/**
 * TypeScript → JavaScript that a bundler can read: ncc's own loader does not work with TypeScript 7, and our packages
 * import each other through `exports` that point to .ts files. So tsc compiles the checkout into a copy of its shape,
 * and the copy's manifests point to .js.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { getExecOutput } from "@actions/exec";
import type { Sources } from "./sources.ts";

/**
 * @actions/core imports an HTTP client for its OIDC tokens, and that undici: 35 ms of every start, for what no action
 * uses. @kubernetes/client-node brings a client of every kind of object, 19 MB, beside the kubeconfigs that are wanted of
 * it. None of their modules does anything on import but define; they do not say so in their manifests.
 */
const PURE = ["@actions/core", "@kubernetes/client-node"];

/** Native binaries, fetched at run time by its lock file in `runtime/`: in the tree they would be 290 MB. */
const EXTERNAL = ["onnxruntime-node"];

/** Compiles packages, actions and programs into `out`, which is emptied before. */
export async function compile(sources: Sources, out: string): Promise<void> {
  const { root } = sources;
  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, "node_modules/@ml-actions"), { recursive: true });
  const config = join(out, "tsconfig.json");
  const here = (path: string) => join(relative(out, root), path);
  await writeFile(
    config,
    JSON.stringify({
      extends: here("tsconfig.json"),
      // Types are the business of `npm run check`; here only the JavaScript is wanted.
      compilerOptions: { rootDir: here("."), outDir: ".", noCheck: true },
      include: [here("packages/*/src"), here(sources.actions), ...Object.values(sources.programs).map(here)],
      exclude: [here("**/*.test.ts"), here("**/node_modules")],
    }),
  );
  await run(root, "tsc", ["-p", config]);
  await writeFile(join(out, "package.json"), '{ "type": "module" }\n');
  for (const name of await readdir(join(root, "packages"))) await linkPackage(root, out, name);
  for (const name of PURE) await copyAsPure(root, out, name);
}

/**
 * A copy of a package whose manifest tells the bundler that importing its modules does nothing by itself, so that it
 * leaves out those whose exports nobody uses. The code is as published.
 */
async function copyAsPure(root: string, out: string, name: string): Promise<void> {
  const copy = join(out, "node_modules", name);
  await cp(join(root, "node_modules", name), copy, { recursive: true, dereference: true });
  const manifest = JSON.parse(await readFile(join(copy, "package.json"), "utf8")) as object;
  await writeFile(join(copy, "package.json"), JSON.stringify({ ...manifest, sideEffects: false }));
}

async function linkPackage(root: string, out: string, name: string): Promise<void> {
  const source = join(root, "packages", name);
  if (!existsSync(join(source, "package.json"))) return;
  const manifest = JSON.parse(await readFile(join(source, "package.json"), "utf8")) as {
    name: string;
    exports?: Record<string, string>;
  };
  const exports = Object.entries(manifest.exports ?? {}).map(([key, path]) => [
    key,
    path.replace(/\.ts$/, ".js"),
  ]);
  const target = join(out, "packages", name);
  await mkdir(target, { recursive: true });
  await writeFile(
    join(target, "package.json"),
    JSON.stringify({ name: manifest.name, type: "module", exports: Object.fromEntries(exports) }),
  );
  await symlink(join("../../packages", name), join(out, "node_modules", manifest.name));
  // npm puts a dependency there when two packages want different versions of it.
  if (existsSync(join(source, "node_modules")))
    await symlink(join(source, "node_modules"), join(target, "node_modules"));
}

/** Bundles an entry of the compiled sources into `out`: index.js with its chunks, and the licences of all inside. */
export async function ncc(
  root: string,
  entry: string,
  out: string,
  options: readonly string[] = [],
): Promise<void> {
  await rm(out, { recursive: true, force: true });
  const external = EXTERNAL.flatMap((name) => ["--external", name]);
  const fixed = ["--minify", "--no-cache", "--license", "licenses.txt", ...external];
  await run(root, "ncc", ["build", entry, "--out", out, ...fixed, ...options]);
}

/** Runs a tool of the checkout's under the Node that runs this. Throws with its output when it fails. */
export async function run(root: string, tool: string, args: readonly string[]): Promise<void> {
  const command = [join(root, "node_modules/.bin", tool), ...args];
  const options = { cwd: root, silent: true, ignoreReturnCode: true };
  const { exitCode, stdout, stderr } = await getExecOutput(process.execPath, command, options);
  if (exitCode === 0) return;
  throw new Error(`${tool} ${args.join(" ")} ended with ${exitCode}:\n${(stdout + stderr).slice(-4000)}`);
}
