/** Before any test: the parts of the lab that the chosen files ask for. A cold build takes longer than any test may. */
import { readFile } from "node:fs/promises";
import { basename, relative } from "node:path";
import type { TestProject } from "vitest/node";
import { goProgram } from "../components/go-program.ts";
import { lab } from "../lab/lab.ts";
import { stopAbandoned } from "../lab/own-control-plane.ts";
import type { PartName } from "../lab/part.ts";
import { partNamed } from "../lab/parts/index.ts";
import { among, filesLeftOut, leftOut, neededBy } from "./left-out.ts";
import { removeAbandoned } from "./namespace.ts";

export default async function bringUpLab(project: TestProject): Promise<void> {
  const { testFiles } = await project.globTestFiles();
  const wanted = new Set<PartName>(["cluster"]);
  const sources = await Promise.all(chosen(testFiles).map((file) => readFile(file, "utf8")));
  for (const name of among(...sources.flatMap(neededBy))) wanted.add(partNamed(name).name);
  if (sources.some((source) => source.includes("ownControlPlane("))) await goProgram("kubernetes");
  const { kubeconfig, need } = await lab();
  console.error(`test:cluster runs on the cluster of ${kubeconfig}, with ${[...wanted].join(", ")}`);
  if (leftOut.size > 0) {
    for (const name of leftOut) partNamed(name);
    const files = filesLeftOut("test/cluster").map((file) => basename(file));
    console.error(
      `test:cluster does without ${[...leftOut].join(", ")} (LAB_WITHOUT): not run are their targets' contract and ${files.join(", ")}`,
    );
  }
  await need(...wanted);
  await removeAbandoned();
  await stopAbandoned();
}

/** As vitest chooses: those whose path has a word of the command line in it; all without such a word. */
function chosen(files: readonly string[]): readonly string[] {
  const isName = (word: string) => !word.startsWith("-") && !word.endsWith(".config.ts") && word !== "run";
  const words = process.argv.slice(2).filter(isName);
  const named = files.filter((file) => words.some((word) => relative(process.cwd(), file).includes(word)));
  return named.length > 0 ? named : files;
}
