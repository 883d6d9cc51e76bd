/**
 * What tag `v1` holds: `<action>/action.yml` at the root, so that `uses: org/ml-actions/<action>@v1` finds it, stubs
 * of a few lines, the bundle, and what people read.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sources } from "./sources.ts";

const TEXTS = ["README.md", "action-readme.md", "LICENSE", "SECURITY.md", "CHANGELOG.md"];
const WORKFLOWS = ".github/workflows";
const RUNTIME = "packages/serving/runtime";
/** Beside `runtime/`, where the programs look for it. */
const PROGRAMS = "programs";

/** What the tree takes from the checkout beside the bundle. */
export const laidOut = (sources: Sources): string[] => [
  ...TEXTS,
  WORKFLOWS,
  RUNTIME,
  sources.actions,
  "packages/release/src/layout.ts",
];

/** Lays out the tree in `out`, an empty directory. `bundled` holds `bundle/` and, where there are any, `image/`,
 * `guard/` and `mirror/`. */
export async function layOut(
  sources: Sources,
  parts: { bundled: string; actions: readonly string[]; out: string; ref: string },
): Promise<void> {
  const { root } = sources;
  const { bundled, actions, out, ref } = parts;
  await mkdir(out, { recursive: true });
  await cp(bundled, out, { recursive: true });
  await rename(join(out, "bundle/licenses.txt"), join(out, "licenses.txt"));
  await write(join(out, "package.json"), '{ "private": true, "type": "module" }\n');
  await write(join(out, "start.js"), startModule(Object.keys(sources.programs)));
  for (const name of Object.keys(sources.programs)) {
    await write(join(out, PROGRAMS, `${name}.js`), programStub(name));
  }
  for (const name of Object.keys(sources.tools ?? {})) {
    await write(join(out, name, "index.js"), programStub(name));
  }
  for (const name of actions) {
    await write(join(out, name, "index.js"), actionStub(name, "main"));
    await write(join(out, name, "post.js"), actionStub(name, "post"));
    for (const file of ["action.yml", "README.md"]) {
      await copyText(join(root, sources.actions, name, file), join(out, name, file), ref);
    }
  }
  for (const file of TEXTS) await copyText(join(root, file), join(out, file), ref);
  for (const file of await reusableWorkflows(join(root, WORKFLOWS))) {
    await copyText(join(root, WORKFLOWS, file), join(out, WORKFLOWS, file), ref);
  }
  if (existsSync(join(root, RUNTIME)))
    await cp(join(root, RUNTIME), join(out, "runtime"), { recursive: true });
}

/** The workflows that others call; those of this repository's own CI have no business in the tree. */
async function reusableWorkflows(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const reusable: string[] = [];
  for (const file of (await readdir(folder)).sort()) {
    if (!/\.ya?ml$/.test(file)) continue;
    if (/^\s+workflow_call:/m.test(await readFile(join(folder, file), "utf8"))) reusable.push(file);
  }
  return reusable;
}

/** Copies a text whose references to the suite at `v1` become references at `ref`. */
async function copyText(from: string, to: string, ref: string): Promise<void> {
  if (!existsSync(from)) return;
  const text = await readFile(from, "utf8");
  await write(to, text.replace(/(\borg\/ml-actions\/[\w./-]+)@v1\b/g, `$1@${ref}`));
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
}

function startModule(programs: readonly string[]): string {
  return `import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

// Before anything of ours is compiled. With V8 13.6.233.17 (Node 24.21.0) two objects that one function had returned
// shared the box of a number: when the second was made, the figure in the first became that of the second. Seen in 12
// of 140 fresh processes, in none of 60 without the compiler Maglev. A verdict cannot rest on that.
setFlagsFromString("--no-maglev");

// The compiled code is kept for the later steps of the job, which start in half the time. RUNNER_TEMP belongs to the
// job alone and is emptied with it.
const { RUNNER_TEMP } = process.env;
if (RUNNER_TEMP) enableCompileCache(join(RUNNER_TEMP, "ml-actions", "compile-cache"));

const programs = {
${programs.map((name) => `  ${name}: join(import.meta.dirname, "${PROGRAMS}/${name}.js"),`).join("\n")}
  image: join(import.meta.dirname, "image"),
  guard: join(import.meta.dirname, "guard/guard.mjs"),
  mirror: join(import.meta.dirname, "mirror/mirror.mjs"),
};

export async function startAction(name, phase) {
  const bundle = await import("./bundle/index.js");
  await bundle.startAction(name, phase, programs);
}

export async function startProgram(name) {
  const bundle = await import("./bundle/index.js");
  await bundle.startProgram(name);
}
`;
}

const actionStub = (name: string, phase: "main" | "post"): string =>
  `import { startAction } from "../start.js";\n\nawait startAction("${name}", "${phase}");\n`;

const programStub = (name: string): string =>
  `import { startProgram } from "../start.js";\n\nawait startProgram("${name}");\n`;
