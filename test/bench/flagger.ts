/** `npm run bench -- flagger`: what users get of a bad release, and how many good ones are taken back, by our judge and by
 * the analyses that people use today, in the same simulated worlds, written to docs/flagger.md. Seeded: same source, same figures. About 12 minutes of a core. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bad, type Cell, good } from "./flagger/cells.ts";
import { badTables, goodTables, type Table } from "./flagger/tables.ts";

interface Part {
  heading: string;
  tables: (wanted: Wanted, runs: number) => AsyncGenerator<Table>;
}
type Wanted = <C extends Cell>(cells: readonly C[]) => readonly C[];

const parts: Record<string, Part> = {
  bad: {
    heading:
      "## Releases that are worse\n\nStable fails 0.1 %. ± two standard errors; in brackets Wilson's interval at 95 %. *Failed in 6 hours* also counts what users get after a bad release was promoted.\n",
    tables: (wanted, runs) => badTables(wanted(bad), runs),
  },
  good: {
    heading:
      "## Releases that are as good as stable\n\n50 requests a second and 0.1 % failures of both where nothing else is said.\n",
    tables: (wanted, runs) => goodTables(wanted(good), runs),
  },
};

const path = join(import.meta.dirname, "../../docs/flagger.md");

/** `--runs 500` a line; with names (`bad`, `good`) only those parts, with `--cell` only that table: the rest of the page
 * stays as it is. */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { runs: { type: "string", default: "500" }, cell: { type: "string" } },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    throw new Error(`--runs ${values.runs}: expected a whole number above 0`);
  }
  const { cell } = values;
  const known = [...bad, ...good].map(({ name }) => name);
  if (cell !== undefined && !known.includes(cell)) {
    throw new Error(`--cell ${cell}: expected one of\n  ${known.join("\n  ")}`);
  }
  const wanted: Wanted = (cells) => cells.filter(({ name }) => cell === undefined || name === cell);
  for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (part === undefined) throw new Error(`${name}: expected ${Object.keys(parts).join(", ")}`);
    if (cell === undefined) rewrite(name, () => part.heading);
    for await (const { heading, text } of part.tables(wanted, runs)) {
      const table = `${heading}\n\n${text}\n`;
      console.log(table);
      rewrite(name, (before) => withTable(before, heading, table));
    }
  }
}

/** A part of the page stands between its marks. */
function rewrite(name: string, change: (part: string) => string): void {
  const page = readFileSync(path, "utf8");
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin) + begin.length, page.indexOf(end)];
  if (from < begin.length || to < from)
    throw new Error(`docs/flagger.md: expected ${begin}… ${end}, found no such part`);
  writeFileSync(path, `${page.slice(0, from)}${change(page.slice(from, to))}${page.slice(to)}`);
}

/** In the place of the table of that heading, or after all others. */
export function withTable(part: string, heading: string, table: string): string {
  const tables = part.split(/\n(?=### )/);
  const at = tables.findIndex((one) => one.startsWith(`${heading}\n`));
  return (at === -1 ? [...tables, table] : tables.with(at, table)).join("\n");
}
