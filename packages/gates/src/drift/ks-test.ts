/** The largest table of lattice points that is counted exactly: ten milliseconds. */
const mostLatticePoints = 1_000_000;

/**
 * p-value of the two-sample Kolmogorov-Smirnov test: the chance of a distance of at least `distance` between samples of
 * n and m from one continuous distribution; with ties it is an upper bound.
 *
 * Exact while n·m ≤ 10⁶, by counting lattice paths that stay within the distance (J. L. Hodges, "The significance
 * probability of the Smirnov two-sample test", Arkiv för Matematik 3 (1958)); else Kolmogorov's limit with the
 * correction (sqrt(e) + .12 + .11/sqrt(e))·distance, e = nm/(n + m) (M. A. Stephens, J. R. Stat. Soc. B 32 (1970)).
 */
export function ksP(distance: number, n: number, m: number): number {
  const exact = n * m <= mostLatticePoints ? exactP(distance, n, m) : undefined;
  // 1 − the chance of staying within has no digits left below this.
  if (exact !== undefined && exact > 1e-10) return Math.min(1, exact);
  const root = Math.sqrt((n * m) / (n + m));
  return kolmogorovTail((root + 0.12 + 0.11 / root) * distance);
}

function exactP(distance: number, n: number, m: number): number {
  // Half a step of the grid below the distance: paths that reach it are outside.
  const within = (0.5 + Math.floor(distance * n * m - 1e-7)) / (n * m);
  const chance = new Float64Array(m + 1);
  for (let j = 0; j <= m; j++) chance[j] = j / m > within ? 0 : 1;
  for (let i = 1; i <= n; i++) {
    const weight = i / (i + m);
    chance[0] = i / n > within ? 0 : weight * (chance[0] as number);
    for (let j = 1; j <= m; j++) {
      const inside = Math.abs(i / n - j / m) <= within;
      chance[j] = inside ? weight * (chance[j] as number) + (chance[j - 1] as number) : 0;
    }
  }
  return 1 - (chance[m] as number);
}

/** 2·Σ (−1)^(k−1)·exp(−2k²x²) (A. N. Kolmogorov 1933); below x = .3 it is 1 to nine digits. */
function kolmogorovTail(x: number): number {
  if (x < 0.3) return 1;
  let sum = 0;
  for (let k = 1; k <= 20; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, sum));
}
