/** What one window does to a bet: the two likelihood ratios that the judge rests on. */

/** Events among requests. */
export interface Tally {
  n: number;
  x: number;
}

/**
 * ln of the factor of one window against the null "the rate is at most b" (η > 0) or "at least b" (η < 0):
 *
 *   η·x − n·ln(1 + b(e^η − 1))
 *
 * the likelihood ratio of the Bernoulli rate with odds e^η·b/(1−b) to b. Its mean is at most 1 when every request's own
 * rate, given the past, is on the null's side of b, so rates may drift (Waudby-Smith & Ramdas, JRSS-B 2024, arXiv
 * 2010.09686; for x in [0, n] rather than counts it holds by convexity). For b = 0 a single event refutes.
 */
export function rateFactor(eta: number, bound: number, { n, x }: Tally): number {
  const b = Math.min(1, Math.max(0, bound));
  if (b === 0 && x > 0 && eta > 0) {
    return Infinity;
  }
  return eta * x - n * Math.log1p(b * Math.expm1(eta));
}

/** `rateFactor` of a comparison is `gain − offset · price`: linear in the offset, so that it can be solved for it. */
export interface PairFactor {
  gain: number;
  price: number;
}

/**
 * ln of the factor of one window against the null "candidate's rate ≤ factor × stable's rate + offset" (η > 0) or
 * "≥" (η < 0), from both sides' measured counts in that window alone. With ρ = f·n_c/(f·n_c + n_s), the share of the
 * exposure that the candidate had, and ψ = ln(1 − ρ + ρe^η):
 *
 *   η·x_c − ψ·(x_c + x_s) − offset·n_c·(e^(η−ψ) − 1)
 *
 * With offset 0 it is the count test of Lindon & Malek (NeurIPS 2022, arXiv 2011.03567, eq. 5 for two arms), mixed over
 * η in place of Dirichlet's θ = ρe^η/(1 − ρ + ρe^η), and truncated to one side.
 *
 * Proof that its mean is at most 1 for any stable rate p and candidate rate f·p + offset, binomial counts: by
 * 1 + z ≤ e^z the logarithm of the mean is at most n_c(fp + offset)(e^(η−ψ) − 1) + n_s·p(e^(−ψ) − 1) −
 * offset·n_c(e^(η−ψ) − 1) = p·[f·n_c(e^(η−ψ) − 1) + n_s(e^(−ψ) − 1)] = 0 by the choice of ψ. A candidate on the null's
 * side of the bound makes it smaller. Only the relation of the two rates within a window is assumed: both may change
 * from window to window, and so may the weights. Price: Poisson tails, wider than binomial by √(1/(1−p)).
 */
export function pairFactor(eta: number, factor: number, stable: Tally, candidate: Tally): PairFactor {
  const { logTilted, price } = pairTerms(eta, factor, stable.n, candidate.n);
  return { gain: eta * candidate.x - logTilted * (candidate.x + stable.x), price };
}

/** What of `pairFactor` follows from the exposures alone: ψ, and the price. */
export function pairTerms(
  eta: number,
  factor: number,
  stableN: number,
  candidateN: number,
): { logTilted: number; price: number } {
  const exposure = factor * candidateN + stableN;
  if (exposure === 0) {
    return { logTilted: 0, price: 0 };
  }
  const share = (factor * candidateN) / exposure;
  const grown = Math.expm1(eta);
  const tilted = 1 + share * grown;
  return { logTilted: Math.log(tilted), price: (candidateN * grown * (1 - share)) / tilted };
}
