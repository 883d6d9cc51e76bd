import { overall } from "@ml-actions/gates/overall";
import { isThin } from "../data/coverage.ts";
import { count, counted } from "../figures.ts";
import type { ShadowReportInput } from "../inputs.ts";

import { confidenceWords, decidedBy, gatesHeadline, type Story } from "./story.ts";

export function shadowStory(input: ShadowReportInput): Story {
  const { verdicts, candidate, stable, requests, resource } = input;
  const how =
    input.mode === "mirror" ? `a copy of ${resource}'s live requests` : `recorded requests of ${resource}`;
  return {
    verdict: overall(verdicts),
    headline: gatesHeadline(candidate.label, verdicts, " in shadow"),
    decided: decidedBy(verdicts),
    sentence: `It answered ${how} beside ${stable.label}; no user saw its answers. ${counted(requests.compared, "answer")} compared, ${count(requests.labelled)} with a known truth; rule ${input.rule}, ${confidenceWords(input.confidence)} confidence.`,
    whatNow: whatNow(input),
  };
}

function whatNow(input: ShadowReportInput): string {
  const { verdicts, requests, minimumSamples } = input;
  switch (overall(verdicts)) {
    case "pass":
      return "Nothing to do: this model may go on to the canary.";
    case "fail":
      return "This model gets no traffic, and no input overrides that. The HTML report shows where the two models differ.";
    case "inconclusive": {
      const { coverage } = input;
      if (coverage !== undefined && isThin(coverage))
        return `This model gets no traffic yet: too few of the eligible requests could be compared (${count(coverage.compared)} of ${count(coverage.eligible)}). Find out where the others are lost: request ids that do not match, answers that never came.`;
      const missing = minimumSamples - requests.compared;
      return missing > 0
        ? `This model gets no traffic yet: ${count(requests.compared)} of at least ${counted(minimumSamples, "answer")} were compared. Let it run longer.`
        : "This model gets no traffic yet. Let it run longer, or bring more labels.";
    }
  }
}
