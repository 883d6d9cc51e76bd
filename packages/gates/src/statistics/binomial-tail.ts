import { gammaln } from "simple-statistics";

/** P(X ≤ k) for X binomial(n, p), through the incomplete beta function: I_{1−p}(n−k, k+1) (DLMF 8.17.5), which also joins
 * the values at whole k and n smoothly. */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k <= -1) {
    return 0;
  }
  return k >= n ? 1 : incompleteBeta(n - k, k + 1, 1 - p);
}

/** Regularised incomplete beta function I_x(a, b) for a, b > 0, by the continued fraction DLMF 8.17.22 on the side
 * where it converges fast. Absolute error below 1e-9 up to a + b = 10⁷. */
export function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0 || x >= 1) {
    return x <= 0 ? 0 : 1;
  }
  if (x > (a + 1) / (a + b + 2)) {
    return 1 - incompleteBeta(b, a, 1 - x);
  }
  const logFront = gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(logFront) / a) * continuedFraction(a, b, x);
}

/** Lentz's method as modified by Thompson and Barnett, J. Comput. Phys. 64 (1986). */
function continuedFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  // Needs about sqrt(max(a, b)) steps (Numerical Recipes 6.4); the limit is far above that for 10⁷ rows.
  for (let m = 1; m <= 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    result *= step;
    if (Math.abs(step - 1) < 1e-15) {
      break;
    }
  }
  return result;
}
