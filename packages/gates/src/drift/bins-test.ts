import { type Bin, type Counts, isSparse } from "./bins.ts";
import { chiSquareTail } from "./chi-square-tail.ts";
import { psi } from "./divergences.ts";
import { permutationP } from "./permutation.ts";

export interface BinsTest {
  p: number;
  test: "chi-square" | "permutation";
}

/**
 * p-value of the hypothesis that both tables come from one distribution over the bins. PSI/(1/N + 1/M) has about the
 * χ² distribution with one degree less than bins (B. Yurdakul, J. Naranjo, Journal of Risk Model Validation 14 (2020),
 * theorem 2) where each bin is expected to hold ten rows of both; else by permutation.
 */
export function testBins(
  bins: readonly Bin[],
  rows: Counts,
  { name, seed, draws }: { name: string; seed: number; draws: number },
): BinsTest {
  const reference = Float64Array.from(bins, (bin) => bin.reference);
  const current = Float64Array.from(bins, (bin) => bin.current);
  if (bins.some((bin) => isSparse(bin, rows)))
    return { p: permutationP(reference, current, psi, { name, seed, draws }), test: "permutation" };
  const scaled = psi(reference, current) / (1 / rows.reference + 1 / rows.current);
  return { p: bins.length < 2 ? 1 : chiSquareTail(scaled, bins.length - 1), test: "chi-square" };
}
