/** `npm run bench -- flagger`: what users get of a bad release, and how many good ones are taken back, by our judge and by
 * the analyses that people use today, in the same simulated worlds. Seeded. */
import { parseArgs } from "node:util";
import { badTables, goodTables } from "./flagger/tables.ts";

const parts: Record<string, { heading: string; tables: (runs: number) => AsyncGenerator<string> }> = {
  bad: {
    heading:
      "## Releases that are worse\n\nStable fails 0.1 %. ± two standard errors; in brackets Wilson's interval at 95 %.",
    tables: badTables,
  },
  good: {
    heading:
      "## Releases that are as good as stable\n\n50 requests a second and 0.1 % failures of both where nothing else is said.",
    tables: goodTables,
  },
};

/** `--runs 500` a line; with names (`bad`, `good`) only those parts. */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { runs: { type: "string", default: "500" } },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    throw new Error(`--runs ${values.runs}: expected a whole number above 0`);
  }
  for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (part === undefined) throw new Error(`${name}: expected ${Object.keys(parts).join(", ")}`);
    console.log(`${part.heading} ${runs} rollouts a line.\n`);
    for await (const table of part.tables(runs)) console.log(`${table}\n`);
  }
}
