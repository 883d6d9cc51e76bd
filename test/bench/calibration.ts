/**
 * `npm run bench -- calibration`: how often verdicts are wrong, simulated, and written to docs/calibration.md. Seeded:
 * the same source gives the same file.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** Each part exports `section`: its Markdown, from its heading (`## …`) on. `runs` are simulated a cell. */
const parts: Record<string, () => Promise<{ section: (runs: number) => Promise<string> }>> = {
  rules: () => import("./calibration/rules.ts"),
  judge: () => import("./calibration/judge.ts"),
  drift: () => import("./calibration/drift.ts"),
};

const introduction = `# How often verdicts are wrong

Written by \`npm run bench -- calibration\`; seeded, so that the same source gives the same figures.
`;

/** `--runs 2000` a cell; with names, only those parts are run and printed, and nothing is written. */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { runs: { type: "string", default: "2000" } },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs ${values.runs}: expected a whole number above 0`);
  const names = positionals.length > 0 ? positionals : Object.keys(parts);
  const sections: string[] = [];
  for (const name of names) {
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (part === undefined) throw new Error(`${name}: expected ${Object.keys(parts).join(", ")}`);
    const startedMs = performance.now();
    sections.push((await (await part()).section(runs)).trim());
    console.error(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
    if (positionals.length > 0) console.log(sections.at(-1));
  }
  if (positionals.length === 0 && runs === 2000) {
    const path = join(import.meta.dirname, "../../docs/calibration.md");
    await writeFile(path, `${[introduction.trim(), ...sections].join("\n\n")}\n`);
    console.error(`written: ${path}`);
  }
}
