/** Before any test: the parts of the lab that the chosen files ask for. A cold build takes longer than any test may. */
import { readFile } from "node:fs/promises";
import type { TestProject } from "vitest/node";
import { lab } from "../lab/lab.ts";
import { stopAbandoned } from "../lab/own-control-plane.ts";
import type { PartName } from "../lab/part.ts";
import { partNamed } from "../lab/parts/index.ts";
import { removeAbandoned } from "./namespace.ts";

export default async function bringUpLab(project: TestProject): Promise<void> {
  const { testFiles } = await project.globTestFiles();
  const wanted = new Set<PartName>(["cluster"]);
  for (const file of chosen(testFiles))
    for (const name of neededBy(await readFile(file, "utf8"))) wanted.add(name);
  const { kubeconfig, need } = await lab();
  console.error(`test:cluster runs on the cluster of ${kubeconfig}, with ${[...wanted].join(", ")}`);
  await need(...wanted);
  await removeAbandoned();
  await stopAbandoned();
}

/** As vitest chooses: those whose path has a word of the command line in it; all without such a word. */
function chosen(files: readonly string[]): readonly string[] {
  const words = process.argv.slice(2).filter((word) => !word.startsWith("-") && !word.endsWith(".config.ts"));
  const named = files.filter((file) => words.some((word) => file.includes(word)));
  return named.length > 0 ? named : files;
}

/** Of its calls `need("gateway", …)`. */
function neededBy(source: string): PartName[] {
  const calls = [...source.matchAll(/\bneed\(([^)]*)\)/g)].map(([, names]) => names as string);
  return calls.flatMap((names) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name]) => partNamed(name as string).name),
  );
}
