import { normalUncertainty, onScale, type Uncertainty } from "./interval.ts";

/**
 * logit⁻¹(logit A ± z·se/(A(1 − A))) for an estimate between 0 and 1: near its ends such an estimate is spread
 * unevenly, and the plain interval reaches beyond them and errs on one side. For the AUC: M. S. Pepe, "The Statistical
 * Evaluation of Medical Tests" (2003), section 5.2.4; for the average precision: K. Boyd, K. H. Eng, C. D. Page, ECML
 * PKDD 2013. At 0 and 1 themselves, where there is no logit, the plain interval, cut off.
 */
export function logitUncertainty(value: number, se: number): Uncertainty {
  if (value <= 0 || value >= 1 || !Number.isFinite(se)) {
    return onScale(normalUncertainty(value, se), (end) => Math.max(0, Math.min(1, end)));
  }
  const logit = normalUncertainty(Math.log(value / (1 - value)), se / (value * (1 - value)));
  return { ...onScale(logit, (end) => 1 / (1 + Math.exp(-end))), se };
}
