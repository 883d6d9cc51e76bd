import { gammaln } from "simple-statistics";

/** P(X ≥ x) for X of the χ² distribution with `degrees` > 0 degrees of freedom: Q(degrees/2, x/2). */
export function chiSquareTail(x: number, degrees: number): number {
  return upperGamma(degrees / 2, x / 2);
}

/**
 * Regularised upper incomplete gamma function Q(a, x), relative error below 1e-10 (DLMF 8.2.4): the series of P below
 * x = a + 1 (DLMF 8.7.1), the continued fraction above it (DLMF 8.9.2), each where it converges fast.
 */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - gammaln(a));
  return x < a + 1 ? 1 - front * series(a, x) : front * continuedFraction(a, x);
}

function series(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * 1e-16; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** Lentz's method as modified by Thompson and Barnett, J. Comput. Phys. 64 (1986). */
function continuedFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let result = d;
  for (let n = 1; n < 10_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    result *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return result;
}

/** P(Z ≥ z) of the standard normal distribution: half the tail of z² with one degree of freedom. */
export function normalTail(z: number): number {
  const half = chiSquareTail(z * z, 1) / 2;
  return z >= 0 ? half : 1 - half;
}
