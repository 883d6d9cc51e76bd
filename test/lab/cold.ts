/** What a machine has to build before parts are up for the first time, and which of them that makes late. */
import { type GoProgramName, goPrograms, minutesToBuildProgram } from "../components/go-program.ts";
import { type GoToolName, minutesToBuildTool } from "../components/go-tool.ts";
import type { Part, PartName } from "./part.ts";
import { parts, withNeeds } from "./parts/index.ts";

/** On 2 cores; 0 where all of it was built. */
export async function minutesToBuild(wanted: readonly Part[]): Promise<number> {
  const names = new Set(wanted.flatMap(({ programs }) => programs));
  const minutes = await Promise.all(
    [...names].map((name) =>
      isOurs(name) ? minutesToBuildProgram(name) : minutesToBuildTool(name as GoToolName),
    ),
  );
  return minutes.reduce((sum, each) => sum + each, 0);
}

const isOurs = (name: GoProgramName | GoToolName): name is GoProgramName => Object.hasOwn(goPrograms, name);

/** Without these there is nothing to see of a rollout: they are waited for, whatever it takes. */
const always: readonly PartName[] = ["registry", "cluster", "gateway", "prometheus"];

/** Those that would not be built within so many minutes, after all before them. */
export async function lateWithin(minutes: number): Promise<PartName[]> {
  let kept = [...always];
  const late: PartName[] = [];
  for (const { name, needs } of parts) {
    if (kept.includes(name)) continue;
    const isInTime = (await minutesToBuild(withNeeds([...kept, name]))) <= minutes;
    if (isInTime && needs.every((need) => kept.includes(need))) kept = [...kept, name];
    else late.push(name);
  }
  return late;
}
