/** The job summary of shadow. */
import { likeness } from "../data/coverage.ts";
import { shareWords } from "../data/drift.ts";
import { count, figure } from "../figures.ts";
import type { ShadowReportInput, Sides } from "../inputs.ts";
import { shadowStory } from "../story/shadow.ts";
import { contractSection, coverageLine } from "./contract.ts";
import { cappedSections, code, table } from "./markdown.ts";
import { identityDetails, metricsDetails, noteLines, opening, powerLines } from "./parts.ts";
import { placeLine } from "./place.ts";
import { settleLines, verdictTable } from "./verdict-table.ts";

export function shadowSummary(input: ShadowReportInput): string {
  const { verdicts, candidate, stable } = input;
  return cappedSections([
    opening(shadowStory(input)),
    placeLine(input),
    verdictTable(verdicts),
    settleLines(verdicts),
    input.coverage === undefined ? null : coverageLine(input.coverage),
    contractSection(input),
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
function sidesTable(input: ShadowReportInput): string {
  const columns = ["Both sides", code(input.candidate.label, 40), code(input.stable.label, 40)];
  return table(
    columns.map((title, index) => ({ title, align: index === 0 ? "left" : "right" }) as const),
    sideRows(input).map(([name, sides]) => [name, sides.candidate, sides.stable]),
  );
}

/** What was counted on both sides, formatted. */
export function sideRows({
  failures,
  nan,
  latency,
  requests,
  metrics,
}: ShadowReportInput): [string, Sides<string>][] {
  const share = (number: number) =>
    requests.sent > 0 ? `${count(number)} (${figure(number / requests.sent, "share")})` : count(number);
  const counts = (sides: Sides<number>) => ({
    stable: share(sides.stable),
    candidate: share(sides.candidate),
  });
  const quantile = (key: "p50Ms" | "p95Ms" | "p99Ms") => ({
    stable: figure(latency.stable?.[key] ?? null, "ms"),
    candidate: figure(latency.candidate?.[key] ?? null, "ms"),
  });
  const { agreement, scoreDrift } = likeness({ metrics });
  const ofBoth = (words: string) => ({ candidate: words, stable: "" });
  return [
    ...(agreement === null
      ? []
      : [["Same class by both", ofBoth(shareWords(agreement))] as [string, Sides<string>]]),
    ...(scoreDrift === null
      ? []
      : [["Score drift (KS)", ofBoth(scoreDrift.toFixed(3))] as [string, Sides<string>]]),
    ["Requests failed", counts(failures)],
    ["Answers with NaN", counts(nan)],
    ["Latency, median", quantile("p50Ms")],
    ["Latency, p95", quantile("p95Ms")],
    ["Latency, p99", quantile("p99Ms")],
  ];
}
