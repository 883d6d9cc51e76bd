/** A rollout's result as the report, the metrics file and the evidence have it. */
import {
  configurationDigest,
  type MetricsFile,
  metricsFile,
  rolloutRecord,
  type TestResultStatement,
  testResultStatement,
} from "@ml-actions/evidence";
import type { Verdict, VerdictName } from "@ml-actions/gates/types";
import type { RolloutReportInput, RunFacts } from "@ml-actions/reports";
import type { RolloutResult } from "@ml-actions/rollout/events";
import type { RolloutPlan } from "@ml-actions/rollout/plan";
import type { DeployInputs } from "./definition.ts";
import type { Narrator } from "./narrator.ts";

/** A first release was compared with nothing, an unchanged one not at all: neither is a pass. */
export function verdictOf({ verdict }: RolloutResult): VerdictName {
  return verdict === "pass" || verdict === "fail" ? verdict : "inconclusive";
}

export function metricsOf(result: RolloutResult): MetricsFile {
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
export function evidenceOf(
  inputs: DeployInputs,
  plan: RolloutPlan,
  result: RolloutResult,
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
        name: `gates of ${inputs.resource}`,
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

export function reportOf({
  inputs,
  plan,
  result,
  narrator,
  run,
  url,
}: {
  inputs: DeployInputs;
  plan: RolloutPlan;
  result: RolloutResult;
  narrator: Narrator;
  run: RunFacts;
  url: string;
}): RolloutReportInput {
  return {
    target: inputs.target,
    resource: inputs.resource,
    url,
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
    },
    run,
  };
}
