import type { Random } from "./xoshiro.ts";

/**
 * A binomial variate: successes among `n` trials of chance `p`. Exact; constant time for large n·p.
 *
 * n·min(p,1−p) < 10: inversion by geometric waiting times (L. Devroye, "Non-uniform random variate generation", 1986,
 * X.4.3, second waiting time algorithm). Otherwise the transformed rejection BTRS (W. Hörmann, "The generation of
 * binomial random variates", J. Stat. Comput. Simul. 46 (1993), 101–110, algorithm BTRS), whose constants these are.
 */
export function binomial(random: Random, n: number, p: number): number {
  if (n === 0 || p <= 0) {
    return 0;
  }
  if (p >= 1) {
    return n;
  }
  if (p > 0.5) {
    return n - binomial(random, n, 1 - p);
  }
  return n * p < 10 ? byWaiting(random, n, p) : byRejection(random, n, p);
}

function byWaiting(random: Random, n: number, p: number): number {
  const logQ = Math.log1p(-p);
  let sum = 0;
  for (let successes = 0; ; successes++) {
    sum += Math.log(random.uniform()) / (n - successes);
    if (sum < logQ || successes === n) {
      return successes;
    }
  }
}

function byRejection(random: Random, n: number, p: number): number {
  const spq = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * spq;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = n * p + 0.5;
  const vr = 0.92 - 4.2 / b;
  for (;;) {
    const u = random.uniform() - 0.5;
    let v = random.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + c);
    if (k < 0 || k > n) {
      continue;
    }
    if (us >= 0.07 && v <= vr) {
      return k;
    }
    // Reached by one draw in eight or so: the rest costs no logarithm.
    const alpha = (2.83 + 5.1 / b) * spq;
    const logOdds = Math.log(p / (1 - p));
    const mode = Math.floor((n + 1) * p);
    const h = logFactorial(mode) + logFactorial(n - mode);
    v = (v * alpha) / (a / (us * us) + b);
    if (Math.log(v) <= h - logFactorial(k) - logFactorial(n - k) + (k - mode) * logOdds) {
      return k;
    }
  }
}

const smallLogFactorials = Float64Array.from({ length: 10 }, (_, k) => {
  let product = 1;
  for (let i = 2; i <= k; i++) {
    product *= i;
  }
  return Math.log(product);
});

/** ln k!, by Stirling's series from k = 10 on, error below 1e-12 (DLMF 5.11.1). */
export function logFactorial(k: number): number {
  const small = smallLogFactorials[k];
  if (small !== undefined) {
    return small;
  }
  const x = k + 1;
  const s = 1 / (x * x);
  const series = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s / 1680))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.9189385332046727 + series;
}

/** Fills `out` with multinomial counts of `n` draws over cells of the given weights (any positive total), by
 * conditional binomials: O(cells). */
export function multinomial(
  random: Random,
  n: number,
  weights: Float64Array,
  total: number,
  out: Float64Array,
): void {
  let left = n;
  let rest = total;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    const drawn = left === 0 ? 0 : i === weights.length - 1 ? left : binomial(random, left, weight / rest);
    out[i] = drawn;
    left -= drawn;
    rest -= weight;
  }
}
