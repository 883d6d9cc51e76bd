/** `npm run bench -- flagger`: what users get of a bad release, and how many good ones are taken back, by our judge and by
 * the analyses that people use today, in the same simulated worlds, written to docs/flagger.md. Seeded: same source, same figures. About 20 minutes of a core. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { badTables, goodTables } from "./flagger/tables.ts";

const parts: Record<string, { heading: string; tables: (runs: number) => AsyncGenerator<string> }> = {
  bad: {
    heading:
      "## Releases that are worse\n\nStable fails 0.1 %. ± two standard errors; in brackets Wilson's interval at 95 %. *Failed in 6 hours* also counts what users get after a bad release was promoted.",
    tables: badTables,
  },
  good: {
    heading:
      "## Releases that are as good as stable\n\n50 requests a second and 0.1 % failures of both where nothing else is said.",
    tables: goodTables,
  },
};

const path = join(import.meta.dirname, "../../docs/flagger.md");

/** `--runs 500` a line; with names (`bad`, `good`) only those parts: the others stay on the page as they are. */
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
    let text = `${part.heading} ${runs} rollouts a line.\n`;
    for await (const table of part.tables(runs)) {
      text += `\n${table}\n`;
      console.log(`${table}\n`);
      keep(name, text);
    }
  }
}

/** A part of the page stands between its marks. */
function keep(name: string, text: string): void {
  const page = readFileSync(path, "utf8");
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from)
    throw new Error(`docs/flagger.md: expected ${begin} … ${end}, found no such part`);
  writeFileSync(path, `${page.slice(0, from)}${begin}\n${text}${page.slice(to)}`);
}
