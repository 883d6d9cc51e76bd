/** Every example as the file that people would get. */
import { driftPage } from "../html/drift-page.ts";
import { evaluationPage } from "../html/evaluation-page.ts";
import { rollbackPage } from "../html/rollback-page.ts";
import { rolloutPage } from "../html/rollout-page.ts";
import { shadowPage } from "../html/shadow-page.ts";
import { deploySummary } from "../summary/deploy.ts";
import { driftSummary } from "../summary/drift.ts";
import { evalGateSummary } from "../summary/eval-gate.ts";
import { rollbackSummary } from "../summary/rollback.ts";
import { shadowSummary } from "../summary/shadow.ts";
import { wavesSummary } from "../summary/waves.ts";
import { driftFail, driftNone, driftOfMany } from "./drifts.ts";
import { evaluationFail, evaluationPass, stationGates } from "./evaluations.ts";
import { rollbackDone, rolloutPromoted, rolloutRestored } from "./rollouts.ts";
import { binaryRows, multiclassRows, rankingRows, regressionRows } from "./rows.ts";
import { shadowInconclusive, shadowReplay } from "./shadows.ts";
import { rolloutOnCluster, wavesOf } from "./waves.ts";

export function summaries(): Record<string, string> {
  return {
    "eval-pass.md": evalGateSummary(evaluationPass),
    "eval-fail.md": evalGateSummary(evaluationFail),
    "slices-200.md": evalGateSummary({
      ...evaluationFail,
      verdicts: [...evaluationPass.verdicts, ...stationGates()],
    }),
    "shadow.md": shadowSummary(shadowInconclusive),
    "shadow-replay.md": shadowSummary(shadowReplay),
    "rollout-promoted.md": deploySummary(rolloutPromoted),
    "rollout-restored.md": deploySummary(rolloutRestored),
    "rollout-cluster.md": deploySummary(rolloutOnCluster),
    "waves.md": wavesSummary(wavesOf(12, 6)),
    "drift-fail.md": driftSummary(driftFail),
    "drift-none.md": driftSummary(driftNone),
    "rollback.md": rollbackSummary(rollbackDone),
  };
}

export function pages(): Record<string, string> {
  const airports = ["EWR", "JFK", "LGA", "ATL", "ORD", "LAX", "Fort Lauderdale"];
  return {
    "eval-pass.html": evaluationPage(evaluationPass, binaryRows(20_000)),
    "eval-fail.html": evaluationPage(evaluationFail, binaryRows(20_000, 0.35)),
    "multiclass.html": evaluationPage(
      { ...evaluationPass, task: "multiclass" },
      multiclassRows(8_000, airports),
    ),
    "slices-200.html": evaluationPage(
      { ...evaluationFail, verdicts: [...evaluationPass.verdicts, ...stationGates()] },
      binaryRows(400),
    ),
    "ranking.html": evaluationPage({ ...evaluationPass, task: "ranking" }, rankingRows(800)),
    "regression.html": evaluationPage({ ...evaluationPass, task: "regression" }, regressionRows(8_000)),
    "shadow.html": shadowPage(shadowInconclusive, { ...binaryRows(740), labels: null }),
    "shadow-replay.html": shadowPage(shadowReplay, { ...binaryRows(400), labels: null }),
    "rollout-promoted.html": rolloutPage(rolloutPromoted),
    "rollout-restored.html": rolloutPage(rolloutRestored),
    "drift-fail.html": driftPage(driftFail),
    "drift-none.html": driftPage(driftNone),
    "drift-500-columns.html": driftPage(driftOfMany(500)),
    "rollback.html": rollbackPage(rollbackDone),
  };
}
