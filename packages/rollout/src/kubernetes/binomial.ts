/** Exact two-sided check of a count against a binomial: each tail may hold 0.05 %. Terms by logarithms, so that none
 * underflows for the counts used here (thousands). */
export function withinBinomial(successes: number, trials: number, share: number): boolean {
  if (share <= 0) return successes === 0;
  if (share >= 1) return successes === trials;
  let logTerm = trials * Math.log1p(-share);
  let below = 0;
  let upTo = 0;
  for (let k = 0; k <= successes; k++) {
    const term = Math.exp(logTerm);
    if (k < successes) below += term;
    upTo += term;
    logTerm += Math.log((trials - k) / (k + 1)) + Math.log(share) - Math.log1p(-share);
  }
  const tail = 0.0005;
  return upTo >= tail && 1 - below >= tail;
}
