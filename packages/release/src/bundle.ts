/**
 * One bundle for all actions and programs. What is `import()`ed becomes a chunk of its own, so a start reads what it
 * needs and no more; sharing saves the tree from holding zod or @actions/core once an action.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compile, ncc } from "./compile.ts";
import { actionNamesIn } from "./definitions.ts";
import type { Sources } from "./sources.ts";

/** Compiles into `work` and bundles into `out`: index.js with its chunks, and the licences of all that is inside. */
export async function bundle(sources: Sources, { work, out }: { work: string; out: string }): Promise<void> {
  await compile(sources, work);
  const entry = join(work, "entry.js");
  await writeFile(entry, entryModule(await actionNamesIn(join(sources.root, sources.actions)), sources));
  await ncc(sources.root, entry, out);
}

/** Programs are scripts: importing one runs it. */
function entryModule(actions: readonly string[], { actions: folder, programs, tools }: Sources): string {
  const importOf = (path: string) => `() => import(${JSON.stringify(`./${path.replace(/\.ts$/, ".js")}`)})`;
  const definitions = actions.map(
    (name) => `  ${JSON.stringify(name)}: ${importOf(`${folder}/${name}/src/definition.ts`)},`,
  );
  const scripts = Object.entries({ ...programs, ...tools }).map(
    ([name, path]) => `  ${JSON.stringify(name)}: ${importOf(path)},`,
  );
  return [
    "const actions = {",
    ...definitions,
    "};",
    "const scripts = {",
    ...scripts,
    "};",
    "export async function startAction(name, phase, programs) {",
    '  const [{ definition }, kit] = await Promise.all([actions[name](), import("@ml-actions/action-kit/run")]);',
    '  await (phase === "post" ? kit.runPost : kit.runAction)(definition, programs);',
    "}",
    "export const startProgram = (name) => scripts[name]();",
    "",
  ].join("\n");
}
