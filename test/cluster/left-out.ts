/** Parts of the lab that a run does without: `LAB_WITHOUT=kserve,istio`. Files that need one of them are not run. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const leftOut: ReadonlySet<string> = new Set(
  (process.env.LAB_WITHOUT ?? "").split(",").filter(Boolean),
);

/** Of these parts, those that the run has. */
export const among = <Name extends string>(...names: Name[]): Name[] =>
  names.filter((name) => !leftOut.has(name));

/** Of a test file's calls `need("gateway", …)`. */
export function neededBy(source: string): string[] {
  const calls = [...source.matchAll(/\bneed\(([^)]*)\)/g)].map(([, names]) => names as string);
  return calls.flatMap((names) => [...names.matchAll(/"([^"]+)"/g)].map(([, name]) => name as string));
}

/** Test files of a folder that cannot do without one of them, unless they choose `among` what there is. */
export function filesLeftOut(folder: string): string[] {
  if (leftOut.size === 0) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith(".test.ts"));
  return files
    .map((file) => join(folder, file))
    .filter((file) => {
      const source = readFileSync(file, "utf8");
      return !source.includes("among(") && neededBy(source).some((name) => leftOut.has(name));
    });
}
