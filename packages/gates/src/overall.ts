import type { VerdictName } from "./types.ts";

/** From the worst on. */
const severity: readonly VerdictName[] = ["fail", "inconclusive", "pass"];

/** The worst of the verdicts, inconclusive ones that are marked `unjudged` left out. No verdicts are no evidence:
 * inconclusive. */
export function overall(
  verdicts: readonly { verdict: VerdictName; unjudged?: true | undefined }[],
): VerdictName {
  const judged = verdicts.filter(({ verdict, unjudged }) => verdict !== "inconclusive" || unjudged !== true);
  return severity.find((name) => judged.some(({ verdict }) => verdict === name)) ?? "inconclusive";
}
