/** Whether one hypothesis of the family is rejected at this confidence; if it is, it is at every lower one too. */
export type Rejection = (confidence: number) => boolean;

/** Confidence that each of `questions` needs so that the chance of any wrong rejection is at most 1 − confidence:
 * 1 − (1 − confidence)/questions (Bonferroni's inequality). */
export function familyConfidence(confidence: number, questions: number): number {
  return 1 - (1 - confidence) / Math.max(1, questions);
}

/**
 * Which hypotheses of a family are rejected so that the chance of rejecting any true one is at most 1 − confidence,
 * whatever their dependence: those that are rejected at α/m, then of the m − k left those at α/(m − k), until a round
 * adds none. Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
 * Statistics 6 (1979); his one by one in the order of p comes to the same, since the levels only rise.
 */
export function holmRejections(family: readonly Rejection[], confidence: number): boolean[] {
  const rejected = family.map(() => false);
  // No round asks for less than α: what is not rejected at α never is.
  let open = family.flatMap((rejects, i) => (rejects(confidence) ? [{ rejects, i }] : []));
  let left = family.length;
  for (;;) {
    const level = familyConfidence(confidence, left);
    const found = open.filter(({ rejects }) => rejects(level));
    if (found.length === 0) {
      return rejected;
    }
    for (const { i } of found) {
      rejected[i] = true;
    }
    open = open.filter(({ i }) => !rejected[i]);
    left -= found.length;
  }
}
