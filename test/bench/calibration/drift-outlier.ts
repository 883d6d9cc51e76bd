/** What one row of 1e6 does to a verdict, with bins on the reference's quantiles and with bins of equal width. */
import { compareDrift } from "@ml-actions/gates/drift";
import { psi } from "@ml-actions/gates/drift/divergences";
import type { FeatureTable } from "@ml-actions/gates/drift/types";
import { parseGates } from "@ml-actions/gates/language";
import { xoshiro128 } from "@ml-actions/gates/random/xoshiro";

const rows = 1000;
const outlier = 1e6;
const bound = 0.2;
/** Standard deviations by which the current data has moved: none, and a PSI of about 1. */
const shifts = [0, 1];

export function outlierTable(runs: number): string {
  const lines = shifts.map((shift) => {
    const tally = { changed: 0, psi: 0, spoilt: 0, wide: 0, wideSpoilt: 0, wideChanged: 0 };
    for (let run = 0; run < runs; run++) {
      const [reference, current] = [normals(2 * run, 0), normals(2 * run + 1, shift)];
      const spoiltRows = current.map((value, row) => (row === 0 ? outlier : value));
      const [plain, spoilt] = [verdict(reference, current), verdict(reference, spoiltRows)];
      const [wide, wideSpoilt] = [equalWidth(reference, current), equalWidth(reference, spoiltRows)];
      if (plain.verdict !== spoilt.verdict) tally.changed++;
      if (wide > bound !== wideSpoilt > bound) tally.wideChanged++;
      tally.psi += plain.psi;
      tally.spoilt += spoilt.psi;
      tally.wide += wide;
      tally.wideSpoilt += wideSpoilt;
    }
    const mean = (sum: number): string => (sum / runs).toFixed(3);
    const share = (count: number): string => `${((100 * count) / runs).toFixed(1)} %`;
    return `| ${shift} | ${mean(tally.psi)} → ${mean(tally.spoilt)} | ${share(tally.changed)} | ${mean(tally.wide)} → ${mean(tally.wideSpoilt)} | ${share(tally.wideChanged)} |`;
  });
  return `One row of 1e6 among ${rows.toLocaleString("en-US")} normal ones, ${runs.toLocaleString("en-US")} runs: mean PSI without → with it, and verdicts that it changes.

| moved by, standard deviations | ours: PSI | ours: changed | ten bins of equal width: PSI | changed |
|---|---|---|---|---|
${lines.join("\n")}`;
}

function normals(seed: number, mean: number): Float64Array {
  const random = xoshiro128(seed, 77);
  return Float64Array.from(
    { length: rows },
    () => mean + Math.sqrt(-2 * Math.log(random.uniform())) * Math.cos(2 * Math.PI * random.uniform()),
  );
}

function verdict(reference: Float64Array, current: Float64Array): { verdict: string; psi: number } {
  const table = (values: Float64Array): FeatureTable => ({
    rows,
    columns: new Map([["x", { kind: "number", name: "x", values, missing: null }]]),
  });
  const { verdicts, features } = compareDrift(parseGates(`psi <= ${bound}`), {
    reference: table(reference),
    current: table(current),
    confidence: 0.95,
  });
  return { verdict: verdicts[0]?.verdict as string, psi: features[0]?.psi as number };
}

/** As some tools bin: the range of both samples in ten equal parts. */
function equalWidth(reference: Float64Array, current: Float64Array): number {
  const [a, b] = [new Float64Array(10), new Float64Array(10)];
  const ends = [...reference, ...current];
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  for (const [values, counts] of [
    [reference, a],
    [current, b],
  ] as const)
    for (const value of values) {
      const bin = Math.min(9, Math.floor((10 * (value - least)) / (most - least)));
      counts[bin] = (counts[bin] as number) + 1;
    }
  const used = a.map((count, i) => count + (b[i] as number));
  return psi(
    a.filter((_, i) => used[i] !== 0),
    b.filter((_, i) => used[i] !== 0),
  );
}
