import { hashNumbers, xoshiro128 } from "../random/xoshiro.ts";

/** All sign patterns are tried up to this many differing pairs, 65,536 of them. */
const exactUpTo = 16;
const draws = 9_999;

/**
 * Permutation test of a mean difference on the same rows, where asymptotics fail: few rows, or a few that decide.
 * Hypothesis: exchanging the two models on any row changes nothing, so that the differences (first − second of a row's
 * loss) are symmetric around 0; statistic |Σ differences|. Exact: over all patterns of signs up to 16 pairs that
 * differ, else over 9,999 random ones and the one seen, which keeps its level at any number of rows (B. Phipson, G. K.
 * Smyth, "Permutation p-values should never be zero", Stat. Appl. Genet. Mol. Biol. 9 (2010)). Two-sided. O(rows) a
 * pattern; the same seed gives the same p.
 * Source: R. A. Fisher, "The Design of Experiments" (1935), section 21.
 */
export function pairedPermutationTest(differences: Float64Array, seed = 0): { p: number; exact: boolean } {
  const differing = differences.filter((difference) => difference !== 0);
  const seen = Math.abs(differing.reduce((sum, difference) => sum + difference, 0));
  // Sums of the same numbers in another order differ by rounding.
  const least = seen - 1e-12 * differing.reduce((sum, difference) => sum + Math.abs(difference), 0);
  return differing.length <= exactUpTo
    ? { p: shareOfAllSigns(differing, least), exact: true }
    : { p: shareOfDrawnSigns(differing, least, seed), exact: false };
}

function shareOfAllSigns(values: Float64Array, least: number): number {
  const patterns = 2 ** values.length;
  let extreme = 0;
  for (let signs = 0; signs < patterns; signs++) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      sum += (signs >>> i) & 1 ? (values[i] as number) : -(values[i] as number);
    }
    extreme += Math.abs(sum) >= least ? 1 : 0;
  }
  return extreme / patterns;
}

function shareOfDrawnSigns(values: Float64Array, least: number, seed: number): number {
  const random = xoshiro128(seed, hashNumbers(values));
  let extreme = 0;
  for (let draw = 0; draw < draws; draw++) {
    let [sum, bits] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      bits = i % 32 === 0 ? random.uint32() : bits >>> 1;
      sum += bits & 1 ? (values[i] as number) : -(values[i] as number);
    }
    extreme += Math.abs(sum) >= least ? 1 : 0;
  }
  return (extreme + 1) / (draws + 1);
}
