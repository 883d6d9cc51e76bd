/** How often drift is called where there is none, and missed where there is some: 50 columns, by rows. */

import { compareDrift, type NumericProfile, type Profile } from "@ml-actions/gates/drift";
import { benjaminiHochberg } from "@ml-actions/gates/drift/benjamini-hochberg";
import { parseGates } from "@ml-actions/gates/language";
import { multinomial } from "@ml-actions/gates/random/binomial";
import { type Random, xoshiro128 } from "@ml-actions/gates/random/xoshiro";
import { outlierTable } from "./drift-outlier.ts";

const sizes: readonly (readonly [number, number])[] = [
  [100, 100],
  [200, 200],
  [10_000, 100],
  [10_000, 200],
  [10_000, 10_000],
];
const columns = 50;
const bound = 0.2;
const confidence = 0.95;
/** Values of a feature. Fifty equally frequent ones have deciles of five, and rows of them are multinomial counts. */
const values = 50;
const movedPsi = 0.25;

export async function section(runs: number): Promise<string> {
  const lines = sizes.map(([reference, current]) => line(reference, current, runs));
  return `## Drift

${columns} independent columns, gate \`psi <= ${bound}\` at ${confidence * 100} % confidence, ${runs.toLocaleString("en-US")} runs a row. False alarms: no column
has drifted, and at least one is called drifted. Found: of one column among ${columns} whose true PSI is ${movedPsi}. The naive rule
calls drifted what has PSI > ${bound} over the same bins. Goal: an alarm in at most 5 % of runs.

| rows, reference / current | naive: a false alarm | ours: a false alarm | naive: found | ours: found |
|---|---|---|---|---|
${lines.join("\n")}

${outlierTable(runs)}`;
}

function line(reference: number, current: number, runs: number): string {
  const random = xoshiro128(reference, current);
  const [even, tilted] = [new Float64Array(values).fill(1 / values), tiltedTo(movedPsi)];
  const counts = { naiveAlarms: 0, alarms: 0, naiveFound: 0, found: 0 };
  for (let run = 0; run < runs; run++) {
    const { features } = compareDrift(parseGates(`psi <= ${bound}`), {
      reference: profile(random, reference, even, even),
      current: profile(random, current, even, tilted),
      confidence,
      seed: run,
    });
    const moved = features.filter(({ feature }) => feature === "moved");
    const still = features.filter(({ feature }) => feature !== "moved");
    if (still.some(({ psi }) => (psi as number) > bound)) counts.naiveAlarms++;
    if (calledOf(still).length > 0) counts.alarms++;
    if ((moved[0]?.psi as number) > bound) counts.naiveFound++;
    if (calledOf([...moved, ...still.slice(1)]).includes("moved")) counts.found++;
  }
  const share = (count: number): string => `${((100 * count) / runs).toFixed(1)} %`;
  const rows = `${reference.toLocaleString("en-US")} / ${current.toLocaleString("en-US")}`;
  return `| ${rows} | ${share(counts.naiveAlarms)} | ${share(counts.alarms)} | ${share(counts.naiveFound)} | ${share(counts.found)} |`;
}

/** The rule of \`compareDrift\` among these features alone: one table has those for both questions. */
function calledOf(features: readonly { feature: string; psi: number | null; p: number | null }[]): string[] {
  const adjusted = benjaminiHochberg(features.map(({ p }) => p as number));
  return features
    .filter(({ psi }, i) => (psi as number) > bound && (adjusted[i] as number) <= 1 - confidence)
    .map(({ feature }) => feature);
}

function profile(random: Random, rows: number, still: Float64Array, moved: Float64Array): Profile {
  const names = Array.from({ length: columns }, (_, i) => `x${i}`);
  return {
    rows,
    columns: new Map([
      ["moved", column(random, rows, moved)],
      ...names.map((name) => [name, column(random, rows, still)] as const),
    ]),
  };
}

function column(random: Random, rows: number, shares: Float64Array): NumericProfile {
  const drawn = new Float64Array(values);
  multinomial(random, rows, shares, 1, drawn);
  const used = Float64Array.from(drawn.keys()).filter((value) => (drawn[value] as number) > 0);
  return {
    kind: "numeric",
    missing: 0,
    nan: 0,
    negativeInfinity: 0,
    positiveInfinity: 0,
    minimum: used[0] as number,
    maximum: used.at(-1) as number,
    cells: { level: 0, keys: used, counts: used.map((value) => drawn[value] as number) },
  };
}

/** Shares that fall off evenly, so steep that their PSI over the deciles of equal shares is as asked. */
function tiltedTo(psi: number): Float64Array {
  let [low, high] = [0, 5];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (decilePsi(tilted(middle)) < psi) low = middle;
    else high = middle;
  }
  return tilted(low);
}

function tilted(slope: number): Float64Array {
  const weights = Float64Array.from({ length: values }, (_, i) => Math.exp((slope * i) / values));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function decilePsi(shares: Float64Array): number {
  let psi = 0;
  for (let decile = 0; decile < 10; decile++) {
    const share = shares.subarray(decile * 5, decile * 5 + 5).reduce((sum, value) => sum + value, 0);
    psi += (share - 0.1) * Math.log(share / 0.1);
  }
  return psi;
}
