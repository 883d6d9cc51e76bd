import type { Verdict, VerdictName } from "./types.ts";

/** From the worst on. */
const severity: readonly VerdictName[] = ["fail", "inconclusive", "pass"];

/** The worst of the verdicts, those marked `unjudged` left out. No verdicts are no evidence: inconclusive. */
export function overall(verdicts: readonly Pick<Verdict, "verdict" | "unjudged">[]): VerdictName {
  const judged = verdicts.filter(({ unjudged }) => unjudged !== true);
  return severity.find((name) => judged.some(({ verdict }) => verdict === name)) ?? "inconclusive";
}
