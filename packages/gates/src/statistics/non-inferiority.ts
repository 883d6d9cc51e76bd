import { normalTail } from "../drift/chi-square-tail.ts";
import { normalQuantile } from "./normal.ts";

/**
 * Test of non-inferiority for a difference candidate − baseline (higher is better) with standard error `se`.
 * Hypothesis: the candidate is worse by the margin or more, Δ ≤ −margin; z = (Δ̂ + margin)/se against the upper normal
 * tail, one-sided. p < α exactly when the lower bound at confidence 1 − α lies above −margin, which is what `prove`
 * asks. With se 0, z is infinite with the sign of Δ̂ + margin.
 * Source: W. C. Blackwelder, "Proving the null hypothesis in clinical trials", Controlled Clinical Trials 3 (1982).
 */
export function nonInferiority(seen: { difference: number; se: number; margin: number }): {
  z: number;
  p: number;
} {
  const above = seen.difference + seen.margin;
  const z = above === 0 ? 0 : above / seen.se;
  return { z, p: Number.isFinite(z) ? normalTail(z) : z > 0 ? 0 : 1 };
}

/**
 * Rows of which a sample proves non-inferiority with chance `power`: n = (z₁₋α + z_power)²·v/(margin + difference)², v
 * the variance of one row's contribution, `difference` the true one, α = 1 − confidence. For paired accuracy v = p_d −
 * difference², p_d the share of rows on which one model alone is right. To the nearest row.
 * Source: R. J. Connor, "Sample size for testing differences in proportions for the paired-sample design", Biometrics
 * 43 (1987); margin .02, p_d .1, no difference, power .8: 1,546 at α = .05.
 */
export function rowsForNonInferiority(ask: {
  margin: number;
  difference: number;
  varianceOfRow: number;
  confidence: number;
  power: number;
}): number {
  const z = normalQuantile(ask.confidence) + normalQuantile(ask.power);
  return Math.round((z ** 2 * ask.varianceOfRow) / (ask.margin + ask.difference) ** 2);
}
