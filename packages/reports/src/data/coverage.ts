import type { ShadowCoverage, ShadowReportInput } from "../inputs.ts";

export interface CoverageLine {
  words: string;
  requests: number;
  /** Of the eligible ones, 0 to 1; null when there is none. */
  share: number | null;
}

/** Duplicates and late labels are of requests too, so each is told as a share of the eligible ones. */
export function coverageLines({
  eligible,
  compared,
  duplicates,
  late,
  unlabelled,
}: ShadowCoverage): CoverageLine[] {
  const line = (words: string, requests: number): CoverageLine => ({
    words,
    requests,
    share: eligible > 0 ? requests / eligible : null,
  });
  return [
    line("Eligible", eligible),
    line("Compared", compared),
    line("Without a label", unlabelled),
    line("Late labels", late),
    line("Duplicates", duplicates),
  ];
}

/** Too few were compared for anything to be decided. */
export function isThin({ eligible, compared, minimum }: ShadowCoverage): boolean {
  return !(compared >= minimum * eligible) || compared === 0;
}

/** What the two sides have in common without any label; null where it was not computed. */
export function likeness({ metrics }: Pick<ShadowReportInput, "metrics">): {
  agreement: number | null;
  scoreDrift: number | null;
} {
  const finite = (value: number | undefined) =>
    value !== undefined && Number.isFinite(value) ? value : null;
  return {
    agreement: finite(metrics.candidate.agreement),
    scoreDrift: finite(metrics.candidate.score_drift),
  };
}
