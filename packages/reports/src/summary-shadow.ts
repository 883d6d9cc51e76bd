/** The job summary of shadow. */
import { count, counted, figure, percent } from "./figures.ts";
import type { ShadowReportInput, Sides } from "./inputs.ts";
import { cappedSections, code, table } from "./markdown.ts";
import { evaluationHeadline } from "./summary-eval-gate.ts";
import {
  decidedBy,
  decisionWords,
  identityDetails,
  metricsDetails,
  named,
  noteLines,
  powerLines,
} from "./summary-parts.ts";
import { settleLines, verdictTable } from "./verdict-table.ts";
import { overall } from "./verdicts.ts";

export function shadowSummary(input: ShadowReportInput): string {
  const { verdicts, candidate, stable, requests } = input;
  const how = input.mode === "mirror" ? "a copy of live requests to" : "recorded requests of";
  const few =
    requests.compared < input.minimumSamples
      ? ` **Only ${count(requests.compared)} of the ${count(input.minimumSamples)} that it takes.**`
      : "";
  return cappedSections([
    `## ${evaluationHeadline(input)} in shadow`,
    decidedBy(verdicts),
    `${named(candidate)} answered ${how} ${code(input.resource, 80)} beside ${named(stable)}; no user saw its answers. ` +
      `${counted(requests.compared, "answer")} compared, ${count(requests.labelled)} with a known truth, ${decisionWords(input)}.${few}`,
    verdictTable(verdicts, input.confidence),
    settleLines(verdicts),
    whatNow(input),
    sidesTable(input),
    noteLines(input.notes),
    powerLines(input.power),
    metricsDetails(input.metrics, [candidate.label, stable.label]),
    identityDetails(
      [
        ["candidate", candidate],
        ["stable", stable],
      ],
      input.run,
    ),
  ]);
}

/** Both sides next to each other: what a shadow is for, even without labels. */
function sidesTable({ failures, nan, latency, requests, candidate, stable }: ShadowReportInput): string {
  const share = (number: number) =>
    requests.sent > 0 ? `${count(number)} (${figure(number / requests.sent, "share")})` : count(number);
  const both = (name: string, sides: Sides<string>) => [name, sides.candidate, sides.stable];
  const quantile = (key: "p50Ms" | "p95Ms" | "p99Ms") => ({
    stable: figure(latency.stable?.[key] ?? null, "ms"),
    candidate: figure(latency.candidate?.[key] ?? null, "ms"),
  });
  const each = (sides: Sides<number>) => ({ stable: share(sides.stable), candidate: share(sides.candidate) });
  const columns = ["", code(candidate.label, 40), code(stable.label, 40)];
  return table(
    columns.map((title, index) => ({ title, align: index === 0 ? "left" : "right" }) as const),
    [
      both("requests failed", each(failures)),
      both("answers with NaN", each(nan)),
      both("latency, median", quantile("p50Ms")),
      both("latency, p95", quantile("p95Ms")),
      both("latency, p99", quantile("p99Ms")),
    ],
  );
}

function whatNow({ verdicts, requests, minimumSamples }: ShadowReportInput): string {
  switch (overall(verdicts)) {
    case "pass":
      return "**What now:** nothing to do. This model may go on to the canary.";
    case "fail":
      return "**What now:** this model gets no traffic, and no input overrides that. The HTML report shows where the two models differ.";
    case "inconclusive": {
      const missing = minimumSamples - requests.compared;
      const more = missing > 0 ? `at least ${counted(missing, "request")} more` : "more requests or labels";
      const share =
        minimumSamples > 0
          ? ` (${percent(Math.min(100, Math.floor((100 * requests.compared) / minimumSamples)))} of the minimum)`
          : "";
      return `**What now:** this model gets no traffic until ${more} have been compared${missing > 0 ? share : ""}: let it run longer.`;
    }
  }
}
