import { logFactorial } from "../random/binomial.ts";
import type { Random } from "../random/xoshiro.ts";

/**
 * A hypergeometric variate: how many of `drawn` balls, taken without putting back from `good` + `bad`, are good. Exact.
 *
 * Few balls either way: one by one. Otherwise ratio of uniforms (E. Stadlober, "The ratio of uniforms approach for
 * generating discrete random variates", J. Comput. Appl. Math. 31 (1990), algorithm HRUA*), whose constants D1 = 2·
 * sqrt(2/e) and D2 = 3 − 2·sqrt(3/e) these are; the time does not depend on the counts.
 */
export function hypergeometric(random: Random, good: number, bad: number, drawn: number): number {
  const total = good + bad;
  if (drawn === 0 || good === 0) return 0;
  if (bad === 0) return drawn;
  // By symmetry at most half of the balls are drawn, and the good are the rarer.
  const few = Math.min(drawn, total - drawn);
  const rarer = Math.min(good, bad);
  let count =
    few <= 12 || rarer <= 12 ? oneByOne(random, rarer, total, few) : byRatio(random, rarer, total, few);
  if (good > bad) count = few - count;
  return drawn > few ? good - count : count;
}

/** Draws the smaller of `drawn` and `rarer` balls: which of the two colourings is drawn does not matter. */
function oneByOne(random: Random, rarer: number, total: number, drawn: number): number {
  const [draws, coloured] = rarer < drawn ? [rarer, drawn] : [drawn, rarer];
  let left = coloured;
  for (let i = 0; i < draws; i++) {
    if (random.uniform() * (total - i) < left) left--;
  }
  return coloured - left;
}

const d1 = 1.7155277699214135;
const d2 = 0.8989161620588988;

function byRatio(random: Random, rarer: number, total: number, drawn: number): number {
  const common = total - rarer;
  const p = rarer / total;
  const centre = drawn * p + 0.5;
  const deviation = Math.sqrt(((total - drawn) * drawn * p * (1 - p)) / (total - 1) + 0.5);
  const width = d1 * deviation + d2;
  const mode = Math.floor(((drawn + 1) * (rarer + 1)) / (total + 2));
  const atMode = logWeight(mode, rarer, common, drawn);
  // Beyond 16 standard deviations nothing is lost in double precision.
  const end = Math.min(Math.min(drawn, rarer) + 1, Math.floor(centre + 16 * deviation));
  for (;;) {
    const x = random.uniform();
    const place = centre + (width * (random.uniform() - 0.5)) / x;
    if (place < 0 || place >= end) continue;
    const k = Math.floor(place);
    if (2 * Math.log(x) <= atMode - logWeight(k, rarer, common, drawn)) return k;
  }
}

/** ln k! of what most draws ask for: four look-ups each. */
const tabled = Float64Array.from({ length: 16_384 }, (_, k) => logFactorial(k));

function logOf(k: number): number {
  return k < tabled.length ? (tabled[k] as number) : logFactorial(k);
}

/** Minus the logarithm of the chance of k, but for a constant. */
function logWeight(k: number, rarer: number, common: number, drawn: number): number {
  return logOf(k) + logOf(rarer - k) + logOf(drawn - k) + logOf(common - drawn + k);
}

/** Fills `out` with what `drawn` rows, taken without putting back from cells of these sizes, take of each: O(cells). */
export function multivariateHypergeometric(
  random: Random,
  cells: Float64Array,
  total: number,
  drawn: number,
  out: Float64Array,
): void {
  let [left, rest] = [drawn, total];
  for (let i = 0; i < cells.length; i++) {
    const size = cells[i] as number;
    const taken = hypergeometric(random, size, rest - size, left);
    out[i] = taken;
    left -= taken;
    rest -= size;
  }
}
