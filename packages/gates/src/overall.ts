import type { Verdict, VerdictName } from "./types.ts";

/** From the worst on. */
const severity: readonly VerdictName[] = ["fail", "inconclusive", "pass"];

/** The worst of the verdicts. No verdicts are no evidence: inconclusive. */
export function overall(verdicts: readonly Pick<Verdict, "verdict">[]): VerdictName {
  return severity.find((name) => verdicts.some(({ verdict }) => verdict === name)) ?? "inconclusive";
}
