/** A rollout's result as the report, the metrics file and the evidence have it. */
import {
  configurationDigest,
  gateConfigurationOf,
  type MetricsFile,
  metricsFile,
  rolloutRecord,
  type TestResultStatement,
  testResultStatement,
} from "@ml-actions/evidence";
import type { Verdict, VerdictName } from "@ml-actions/gates/types";
import type { RolloutReportInput, RunFacts } from "@ml-actions/reports";
import type { RolloutResult } from "@ml-actions/rollout/events";
import type { RolledOut } from "./roll-out-at.ts";

/** A first release was compared with nothing, an unchanged one not at all: neither is a pass. */
export function verdictOf({ verdict }: RolloutResult): VerdictName {
  return verdict === "pass" || verdict === "fail" ? verdict : "inconclusive";
}

function metricsOf(result: RolloutResult): MetricsFile {
  const { verdicts } = result;
  return metricsFile({
    candidate: figures(verdicts, (verdict) => verdict.observed),
    baseline: result.before === null ? null : figures(verdicts, (verdict) => verdict.baseline),
    verdicts,
    steps: result.steps.map(({ weight, ...step }) => ({ weightPercent: weight, ...step })),
  });
}

function figures(
  verdicts: readonly Verdict[],
  figure: (verdict: Verdict) => number | null,
): Record<string, number> {
  const known = verdicts.map((verdict) => [verdict.metric, figure(verdict)] as const);
  return Object.fromEntries(known.filter((entry): entry is readonly [string, number] => entry[1] !== null));
}

/** Of a subject in a statement; a layout's name is a path. */
const longestName = 1000;

/** null when no gate was judged: a statement without verdicts would prove nothing.
 *
 * @param modelRelease digest of the candidate's model and contract without their image; null for a release of files,
 *   which is just that */
function evidenceOf(
  { place, plan, result }: RolledOut,
  { run, modelRelease }: { run: RunFacts; modelRelease: string | null },
): TestResultStatement | null {
  if (result.verdicts.length === 0) return null;
  const { gates, rule, confidence, steps, minSamples, stepTimeoutMs, bakeMs } = plan;
  const settings = { steps: [...steps], minSamples, stepTimeoutMs, bakeMs };
  const { label, digest, image } = result.candidate;
  const metrics = metricsOf(result);
  return testResultStatement({
    kind: "canary",
    subject: { name: image?.split("@")[0]?.slice(0, longestName) ?? label, digest },
    ...(modelRelease === null ? {} : { aliases: [{ name: label, digest: modelRelease }] }),
    verdicts: result.verdicts,
    outcome: verdictOf(result),
    rule,
    confidence,
    configuration: [
      {
        name: `gates of ${place.resource}`,
        digest: configurationDigest({ gates, rule, confidence, settings }),
      },
    ],
    metrics: { candidate: metrics.candidate, baseline: metrics.baseline },
    rollout: rolloutRecord(gates, { ...settings, ...result, steps: settings.steps }),
    tool: run.tool,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    runUrl: run.url,
  });
}

/** What is kept of a rollout: the files, and the report's data. */
export function filesOf(
  rolledOut: RolledOut,
  { run, modelRelease }: { run: RunFacts; modelRelease: string | null },
): { metrics: MetricsFile; report: RolloutReportInput; evidence?: TestResultStatement } {
  const evidence = evidenceOf(rolledOut, { run, modelRelease });
  const configuration = evidence === null ? null : gateConfigurationOf(evidence);
  const told = configuration === null ? run : { ...run, configuration };
  return {
    metrics: metricsOf(rolledOut.result),
    report: reportOf(rolledOut, told),
    ...(evidence === null ? {} : { evidence }),
  };
}

function reportOf(
  { place, plan, result, narrator, url, cluster }: RolledOut,
  run: RunFacts,
): RolloutReportInput {
  const { settledMs } = narrator;
  return {
    target: place.target,
    resource: place.resource,
    url,
    ...(cluster === null ? {} : { cluster }),
    stable: result.before,
    candidate: result.candidate,
    rule: plan.rule,
    confidence: plan.confidence,
    plannedPercents: plan.steps,
    steps: result.steps.map(({ weight, ...step }) => ({ weightPercent: weight, ...step })),
    observations: narrator.observations,
    wealth: result.wealth,
    journal: narrator.journal,
    outcome: {
      stage: result.stage,
      // Nothing is wrong with a first release or an unchanged one, and the page need not look as if.
      verdict: result.stage === "promoted" ? "pass" : verdictOf(result),
      reason: result.reason,
      at: result.endedAt,
      ...(settledMs === null ? {} : { settledMs }),
    },
    run,
  };
}
