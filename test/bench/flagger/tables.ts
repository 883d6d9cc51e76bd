/** Plays the cells and writes them as tables. */
import { type BadCell, type Cell, names } from "./cells.ts";
import { type ContenderName, contenders, playOne } from "./contenders.ts";
import { type Outcome, World } from "./world.ts";

/** Every contender meets the same worlds: seeds are those of the run, not of the contender. */
export async function play(cell: Cell, name: ContenderName, runs: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let run = 0; run < runs; run++) outcomes.push(await playOne(name, new World(cell.scenario, run)));
  return outcomes;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Wilson's interval at 95 % for a share. */
export function wilson(count: number, runs: number): [number, number] {
  const z = 1.959964;
  const share = count / runs;
  const centre = share + (z * z) / (2 * runs);
  const half = z * Math.sqrt((share * (1 - share)) / runs + (z * z) / (4 * runs * runs));
  const scale = 1 + (z * z) / runs;
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
function shareOf(count: number, runs: number): string {
  const [low, high] = wilson(count, runs);
  return `${percent(count / runs)} (${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)})`;
}
const whole = (value: number) => Math.round(value).toLocaleString("en-US");
/** Mean with two standard errors. */
function meanOf(values: readonly number[]): string {
  const centre = mean(values);
  const variance = mean(values.map((value) => (value - centre) ** 2));
  return `${centre < 100 ? centre.toFixed(1) : whole(centre)} ± ${(2 * Math.sqrt(variance / values.length)).toFixed(1)}`;
}
/** The middle of what happened, or what nine of ten stay below. */
function minutes(outcomes: readonly Outcome[], share = 0.5): string {
  const sorted = outcomes.map(({ seconds }) => seconds).sort((left, right) => left - right);
  const found = sorted[Math.floor((sorted.length - 1) * share)];
  return found === undefined ? "–" : `${(found / 60).toFixed(1)} min`;
}

/** How long users are counted who got a bad release for good. */
const horizonSeconds = 6 * 3600;

/** A cell's figures, to stand under its heading. */
export interface Table {
  heading: string;
  text: string;
}

const decidedBy = (runs: number) => `| decided by, ${runs.toLocaleString("en-US")} rollouts a line`;

/** Each table as it is done. */
export async function* badTables(cells: readonly BadCell[], runs: number): AsyncGenerator<Table> {
  for (const cell of cells) {
    const lines: string[] = [];
    let reference = 0;
    for (const name of names) {
      const outcomes = await play(cell, name, runs);
      const requests = outcomes.map((one) => one.bad);
      if (name === "tutorial") reference = mean(requests);
      const promoted = outcomes.filter(({ ended }) => ended === "promoted");
      const restored = outcomes.filter(({ ended }) => ended !== "promoted");
      const after = outcomes.map(({ ended, seconds }) =>
        ended === "promoted" ? Math.max(0, horizonSeconds - seconds) * cell.rate * cell.errors : 0,
      );
      const inAll = mean(requests) + mean(after);
      lines.push(
        `| ${contenders[name].name} | ${meanOf(requests)} | ${(mean(requests) / reference).toFixed(2)} | ${minutes(restored)} | ${shareOf(promoted.length, runs)} | ${inAll < 100 ? inAll.toFixed(1) : whole(inAll)} |`,
      );
    }
    const text = [
      `${decidedBy(runs)} | failed requests until the end, mean | of the tutorials' | until restored, median | promoted all the same | failed in 6 hours |`,
      "|---|---|---|---|---|---|",
      ...lines,
    ].join("\n");
    yield { heading: `### The candidate ${cell.name}`, text };
  }
}

export async function* goodTables(cells: readonly Cell[], runs: number): AsyncGenerator<Table> {
  for (const cell of cells) {
    const lines: string[] = [];
    for (const name of names) {
      const outcomes = await play(cell, name, runs);
      const count = (ended: Outcome["ended"]) => outcomes.filter((one) => one.ended === ended).length;
      const promoted = outcomes.filter(({ ended }) => ended === "promoted");
      lines.push(
        `| ${contenders[name].name} | ${shareOf(runs - promoted.length, runs)} | ${percent(count("refuted") / runs)} | ${percent(count("undecided") / runs)} | ${minutes(promoted)} | ${minutes(promoted, 0.9)} |`,
      );
    }
    const text = [
      `${decidedBy(runs)} | restored, though as good as stable | called worse | no verdict | until promoted, median | nine of ten |`,
      "|---|---|---|---|---|---|",
      ...lines,
    ].join("\n");
    yield { heading: `### ${cell.name}`, text };
  }
}
