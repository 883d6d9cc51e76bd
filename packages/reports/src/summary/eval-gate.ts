/** The job summary of eval-gate. */
import type { EvaluationReportInput } from "../inputs.ts";
import { evaluationStory } from "../story/evaluation.ts";
import { familyLines, unjudgedLines } from "./family.ts";
import { cappedSections } from "./markdown.ts";
import { identityDetails, metricsDetails, noteLines, opening, powerLines } from "./parts.ts";
import { settleLines, verdictTable } from "./verdict-table.ts";

/** Markdown: did it pass, what decided it, what now; then what explains it, folded. */
export function evalGateSummary(input: EvaluationReportInput): string {
  const { verdicts, candidate, baseline, dataset } = input;
  return cappedSections([
    opening(evaluationStory(input)),
    verdictTable(verdicts),
    familyLines(verdicts, input.confidence),
    unjudgedLines(verdicts),
    settleLines(verdicts),
    noteLines(input.notes),
    powerLines(input.power),
    metricsDetails(input.metrics, [candidate.label, baseline?.label ?? null]),
    identityDetails(
      [
        ["candidate", candidate],
        ["baseline", baseline],
        ["dataset", { label: dataset.name, digest: dataset.digest }],
      ],
      input.run,
    ),
  ]);
}
