/** eval-gate, top to bottom: who is judged, what the gates say, and what the reader gets. */
import type { ActionContext, Story } from "@ml-actions/action-kit/action";
import { configurationDigest, metricsFile, testResultStatement } from "@ml-actions/evidence";
import { type EvaluateResult, evaluate, overall } from "@ml-actions/gates/evaluate";
import { type EvaluationReportInput, evalGateSummary, evaluationPage } from "@ml-actions/reports";
import { evaluationStory } from "@ml-actions/reports/story/evaluation";
import { aucComparison } from "../../auc-comparison.ts";
import { type Conclusion, conclude, runFacts } from "../../conclude.ts";
import { forgetUnpacked } from "../../image-release.ts";
import { plotRows } from "../../plot-rows.ts";
import type { definition, EvalGateInputs, EvalGateOutputs } from "./definition.ts";
import { drawnRows } from "./drawn-rows.ts";
import { contradiction } from "./signed-figures.ts";
import { fromModels, fromPredictions, type Subject } from "./subject.ts";

type Definition = typeof definition;

export const evalGate: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const startedAt = Date.now();
  const subject = await judged(inputs, context);
  const result = evaluate(inputs.gates, subject.evaluation, {
    rule: inputs["decision-rule"],
    confidence: inputs.confidence,
  });
  context.output("passed", String(overall(result.verdicts) === "pass"));
  const configuration = configurationOf(inputs, subject);
  const otherwise = contradictionOf(subject, result, configuration);
  if (otherwise !== null) context.log.warning(otherwise);
  const notes = [...subject.notes, ...(otherwise === null ? [] : [otherwise])];
  const run = { ...runFacts(context, startedAt), configuration };
  const report = reportOf(inputs, { ...subject, notes }, result, run);
  await conclude(context, conclusionOf(inputs, subject, result, { report, configuration }));
};

async function judged(inputs: EvalGateInputs, context: ActionContext<EvalGateOutputs>): Promise<Subject> {
  try {
    return await (inputs.predictions === undefined
      ? fromModels(inputs, context)
      : fromPredictions(inputs, context));
  } finally {
    await forgetUnpacked(context.directory);
  }
}

function contradictionOf(
  { signed, dataset }: Subject,
  { baseline }: EvaluateResult,
  configuration: string,
): string | null {
  if (signed === null || baseline === null) return null;
  return contradiction(signed, baseline, { dataset: dataset.digest, configuration });
}

/** The digest of all that decides what a pass means. */
function configurationOf(inputs: EvalGateInputs, { evaluation }: Subject): string {
  const { gates, confidence, label, "positive-label": positive, weight, group } = inputs;
  const settings = {
    threshold: evaluation.threshold,
    label: label ?? null,
    ...(positive === undefined ? {} : { positive }),
    ...(weight === undefined ? {} : { weight }),
    ...(group === undefined ? {} : { group }),
  };
  return configurationDigest({ gates, rule: inputs["decision-rule"], confidence, settings });
}

function reportOf(
  inputs: EvalGateInputs,
  subject: Subject,
  result: EvaluateResult,
  run: EvaluationReportInput["run"],
): EvaluationReportInput {
  return {
    rule: inputs["decision-rule"],
    confidence: inputs.confidence,
    verdicts: result.verdicts,
    power: result.power.map(({ gate, text }) => `${gate}: ${text}`),
    candidate: subject.candidate,
    baseline: subject.baseline,
    dataset: subject.dataset,
    task: subject.evaluation.task,
    metrics: { candidate: result.candidate, baseline: result.baseline },
    comparison: { auc: aucComparison(result, inputs.confidence) },
    notes: subject.notes,
    run,
  };
}

function conclusionOf(
  inputs: EvalGateInputs,
  subject: Subject,
  result: EvaluateResult,
  { report, configuration }: { report: EvaluationReportInput; configuration: string },
): Conclusion {
  const { candidate, baseline, verdicts } = result;
  const { dataset, evaluation } = subject;
  const drawn = drawnRows(evaluation);
  const rule = inputs["decision-rule"];
  return {
    verdict: overall(verdicts),
    verdicts,
    metrics: metricsFile({ candidate, baseline, verdicts }),
    evidence: testResultStatement({
      kind: "eval",
      subject: { name: subject.candidate.label, digest: subject.candidate.digest },
      verdicts,
      rule,
      confidence: inputs.confidence,
      configuration: [{ name: "gates", digest: configuration }],
      metrics: { candidate, baseline },
      dataset,
      tool: report.run.tool,
      startedAt: report.run.startedAt,
      finishedAt: report.run.finishedAt,
      runUrl: report.run.url,
    }),
    report: evaluationPage(withNote(report, drawn.note), plotRows(drawn.rows)),
    summary: evalGateSummary(report),
    sentence: evaluationStory(report).headline,
  };
}

const withNote = (report: EvaluationReportInput, note: string | null): EvaluationReportInput =>
  note === null ? report : { ...report, notes: [...report.notes, note] };
