import { overall } from "@ml-actions/gates/overall";
import type { Verdict } from "@ml-actions/gates/types";
import { count } from "../figures.ts";
import type { EvaluationReportInput } from "../inputs.ts";
import { isSliced, worstFirst } from "../verdicts.ts";
import { confidenceWords, decidedBy, gatesHeadline, type Story } from "./story.ts";

export function evaluationStory(input: EvaluationReportInput): Story {
  const { verdicts, candidate, baseline, dataset } = input;
  const against = baseline === null ? "" : ` against ${baseline.label}`;
  const version = dataset.version === null ? "" : `, version ${dataset.version}`;
  return {
    verdict: overall(verdicts),
    headline: gatesHeadline(candidate.label, verdicts),
    decided: decidedBy(verdicts),
    sentence: `Judged${against} on ${count(dataset.rows)} rows of ${dataset.name}${version}; rule ${input.rule}, ${confidenceWords(input.confidence)} confidence.`,
    whatNow: whatNow(verdicts),
  };
}

/** Why many questions are not many chances to fail; null where each is decided for itself. */
export function familySentence(verdicts: readonly Verdict[], confidence: number): string | null {
  const asked = verdicts.filter(({ rule, interval }) => rule !== "estimate" && interval !== null).length;
  if (asked < 2) return null;
  return `${count(asked)} questions (gates and slices) were asked together: by Holm's method the chance that any of them fails wrongly is at most ${confidenceWords(1 - confidence)}.`;
}

function whatNow(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return "Name at least one gate; without one nothing is shown to be good.";
  switch (overall(verdicts)) {
    case "pass":
      return "Nothing to do: this model may go on to the next stage.";
    case "fail":
      return `This model goes no further, and no input overrides that. ${whereToLook(verdicts)}`;
    case "inconclusive":
      return "This model goes no further until the sample can decide: evaluate on more rows, or widen the gate's margin in review.";
  }
}

/** The slices that failed are the first place to look. */
function whereToLook(verdicts: readonly Verdict[]): string {
  const failed = worstFirst(verdicts).filter((verdict) => verdict.verdict === "fail" && isSliced(verdict));
  if (failed.length === 0) return "The HTML report shows where it lost.";
  const names = failed.slice(0, 3).map((verdict) => verdict.metric);
  const more = failed.length > 3 ? ` and ${count(failed.length - 3)} more` : "";
  return `Look first at ${names.join(", ")}${more}.`;
}
