/**
 * `npm run bench -- nightly`: drift on real data. The reference is the first half of 2013's flights out of New York, read
 * once and kept as a profile; each later month is compared with the profile, as a nightly run would. Prints the table of
 * actions/drift/README.md.
 */
import { execFile } from "node:child_process";
import { access, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { compareDrift, type DriftResult, formatProfile } from "@ml-actions/gates/drift";
import type { FeatureDrift } from "@ml-actions/gates/drift/types";
import { parseGates } from "@ml-actions/gates/language";
import { readCurrent, readReference } from "../../actions/drift/src/samples.ts";
import { peerPython } from "./peers/python.ts";

const here = join(import.meta.dirname, "nightly");
const months = ["July", "August", "September", "October", "November", "December"];
const gates = parseGates("psi <= 0.2");

export async function run(): Promise<void> {
  const data = await flightsByMonth();
  const work = await mkdtemp(join(tmpdir(), "ml-actions-nightly-"));
  try {
    const profile = join(work, "reference.profile.json");
    const all = { schema: undefined, columns: undefined };
    await writeFile(
      profile,
      formatProfile((await readReference(join(data, "reference.parquet"), all)).profile),
    );
    const reference = await readReference(profile, all);
    const { rows, columns } = reference.profile;
    const { size } = await stat(profile);
    console.log(`reference: ${rows} flights, ${columns.size} features, a profile of ${size} bytes\n`);
    console.log("| month | flights | drifted (PSI > 0.2), worst first | p | next |");
    console.log("|---|---|---|---|---|");
    for (const [index, month] of months.entries()) {
      const current = await readCurrent(
        join(data, `month-${String(index + 7).padStart(2, "0")}.parquet`),
        reference,
      );
      const samples = { reference: reference.profile, current: current.profile };
      console.log(row(month, current.profile.rows, compareDrift(gates, { ...samples, confidence: 0.95 })));
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function row(month: string, rows: number, { features }: DriftResult): string {
  const drifted = features.filter((feature) => feature.drifted);
  const next = features.filter((feature) => !feature.drifted).slice(0, 2);
  const shown = (list: readonly FeatureDrift[]) =>
    list.map(({ feature, psi }) => `${feature} ${psi?.toFixed(2)}`).join(", ") || "none";
  const largest = Math.max(...drifted.map(({ pAdjusted }) => pAdjusted ?? 1));
  const p = drifted.length === 0 ? "" : largest < 1e-4 ? "< 0.0001" : largest.toPrecision(2);
  return `| ${month} | ${rows.toLocaleString("en-US")} | ${shown(drifted)} | ${p} | ${shown(next)} |`;
}

/** The folder of the Parquet files, made once a machine. */
async function flightsByMonth(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ml-actions");
  const folder = join(cache, "flights-by-month-1");
  const complete = join(folder, "complete");
  const there = await access(complete).then(
    () => true,
    () => false,
  );
  if (there) return folder;
  const python = await peerPython(join(here, "requirements.txt"));
  await promisify(execFile)(python, [join(here, "flights_months.py"), folder]);
  await writeFile(complete, "");
  return folder;
}
