import { normalTail } from "../drift/chi-square-tail.ts";
import { binomialCdf } from "./binomial-tail.ts";

/** Rows on which two classifiers differ: the first alone right, the second alone right. */
export interface Discordant {
  firstOnly: number;
  secondOnly: number;
}

/**
 * McNemar's test of two classifiers on the same n rows. Hypothesis: both are right equally often. Only the rows on which
 * one alone is right speak of it: b and c of them. Two-sided.
 *
 * - `corrected`: (|b − c| − 1)² / (b + c) against χ² with 1 degree of freedom (A. L. Edwards, Psychometrika 13 (1948)),
 *   0 where |b − c| < 1; statsmodels' and R's default for large samples.
 * - `uncorrected`: (b − c)² / (b + c) (Q. McNemar, Psychometrika 12 (1947)). From b + c = 25 on, as a rule.
 * - `exact`: twice the tail of min(b, c) under binomial(b + c, 1/2), at most 1; the statistic is min(b, c). For any
 *   numbers; never too small.
 *
 * Without a discordant row p is 1.
 */
export function mcnemar(
  { firstOnly, secondOnly }: Discordant,
  method: "corrected" | "uncorrected" | "exact",
): { statistic: number; p: number } {
  const discordant = firstOnly + secondOnly;
  const fewer = Math.min(firstOnly, secondOnly);
  if (method === "exact") {
    return { statistic: fewer, p: Math.min(1, 2 * binomialCdf(fewer, discordant, 0.5)) };
  }
  const correction = method === "corrected" ? 1 : 0;
  const distance = Math.max(0, Math.abs(firstOnly - secondOnly) - correction);
  const statistic = discordant === 0 ? 0 : distance ** 2 / discordant;
  return { statistic, p: 2 * normalTail(Math.sqrt(statistic)) };
}
