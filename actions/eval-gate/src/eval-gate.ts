/** eval-gate, top to bottom: who is judged, what the gates say, and what the reader gets. */
import type { Story } from "@ml-actions/action-kit/action";
import { configurationDigest, metricsFile, testResultStatement } from "@ml-actions/evidence";
import { type EvaluateResult, evaluate, overall } from "@ml-actions/gates/evaluate";
import { type EvaluationReportInput, evalGateSummary, evaluationPage } from "@ml-actions/reports";
import { evaluationStory } from "@ml-actions/reports/story/evaluation";
import { aucComparison } from "../../auc-comparison.ts";
import { type Conclusion, conclude, runFacts } from "../../conclude.ts";
import { plotRows } from "../../plot-rows.ts";
import type { definition, EvalGateInputs } from "./definition.ts";
import { drawnRows } from "./drawn-rows.ts";
import { fromModels, fromPredictions, type Subject } from "./subject.ts";

type Definition = typeof definition;

export const evalGate: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const startedAt = Date.now();
  const subject =
    inputs.predictions === undefined ? await fromModels(inputs, context) : await fromPredictions(inputs);
  const result = evaluate(inputs.gates, subject.evaluation, {
    rule: inputs["decision-rule"],
    confidence: inputs.confidence,
  });
  context.output("passed", String(overall(result.verdicts) === "pass"));
  await conclude(
    context,
    conclusionOf(inputs, subject, result, reportOf(inputs, subject, result, runFacts(context, startedAt))),
  );
};

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
  report: EvaluationReportInput,
): Conclusion {
  const { candidate, baseline, verdicts } = result;
  const { dataset, evaluation } = subject;
  const drawn = drawnRows(evaluation);
  const rule = inputs["decision-rule"];
  const { label, "positive-label": positive, weight, group } = inputs;
  const settings = {
    threshold: evaluation.threshold,
    label: label ?? null,
    ...(positive === undefined ? {} : { positive }),
    ...(weight === undefined ? {} : { weight }),
    ...(group === undefined ? {} : { group }),
  };
  const configuration = configurationDigest({
    gates: inputs.gates,
    rule,
    confidence: inputs.confidence,
    settings,
  });
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
