/** The job summary of eval-gate. */
import { count } from "./figures.ts";
import type { EvaluationReportInput } from "./inputs.ts";
import { cappedSections, code } from "./markdown.ts";
import {
  decidedBy,
  decisionWords,
  gateCount,
  identityDetails,
  metricsDetails,
  named,
  noteLines,
  powerLines,
  titled,
  worstSlices,
} from "./summary-parts.ts";
import { settleLines, verdictTable } from "./verdict-table.ts";
import { icons, overall } from "./verdicts.ts";

/** Markdown: did it pass, what decided it, what now; then the table; then what explains it, folded. */
export function evalGateSummary(input: EvaluationReportInput): string {
  const { verdicts, candidate, baseline, dataset } = input;
  const against = baseline === null ? "" : ` against ${named(baseline)}`;
  const data = `${count(dataset.rows)} rows of ${code(dataset.name, 80)}${dataset.version === null ? "" : ` (version ${code(dataset.version, 40)})`}`;
  return cappedSections([
    `## ${evaluationHeadline(input)}`,
    decidedBy(verdicts),
    `${named(candidate)} was judged${against} on ${data}, ${decisionWords(input)}.`,
    verdictTable(verdicts, input.confidence),
    settleLines(verdicts),
    whatNow(input),
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

/** One line with the verdict first, escaped for Markdown. */
export function evaluationHeadline({
  verdicts,
  candidate,
}: Pick<EvaluationReportInput, "verdicts" | "candidate">): string {
  const verdict = overall(verdicts);
  const name = titled(candidate);
  if (verdicts.length === 0) return `${icons.inconclusive} ${name} was not judged: there is no gate`;
  switch (verdict) {
    case "pass":
      return `${icons.pass} ${name} passed ${gateCount(verdicts, "pass")}`;
    case "fail":
      return `${icons.fail} ${name} failed ${gateCount(verdicts, "fail")}`;
    case "inconclusive":
      return `${icons.inconclusive} ${name} is undecided: ${gateCount(verdicts, "inconclusive")} inconclusive`;
  }
}

function whatNow({ verdicts }: EvaluationReportInput): string {
  switch (overall(verdicts)) {
    case "pass":
      return "**What now:** nothing to do. This model may go on to the next stage.";
    case "fail": {
      const slices = worstSlices(verdicts);
      const look = slices === null ? "" : ` Worst slices: ${slices}.`;
      return `**What now:** this model goes no further, and no input overrides that.${look} The HTML report shows where it lost.`;
    }
    case "inconclusive":
      return "**What now:** this model goes no further until the sample can decide: evaluate on more rows, or widen the gate's margin in review.";
  }
}
