/** The outputs of every action that judges: said once, so that a later step reads them alike. */
export const judgementOutputs = {
  verdict: "`pass`, `fail` or `inconclusive`",
  passed: "`true` when the verdict is `pass`, else `false`",
  metrics: "Path of the metrics file (JSON)",
  report: "Path of the HTML report",
  evidence: "Path of the evidence: an in-toto statement of the verdicts about the candidate's digest",
  configuration:
    "Digest of the gate configuration: a policy that lists it under `configurations` takes no other gates",
};

/** Until there is a verdict: never a pass. */
export const safeJudgement = { verdict: "inconclusive", passed: "false" };
