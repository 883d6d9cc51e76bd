/** The job summary of deploy. */

import { overall } from "@ml-actions/gates/overall";
import { count, dateAndTime, duration, percent, timeOfDay } from "../figures.ts";
import { weightBar } from "../glyphs.ts";
import type { RolloutReportInput, RolloutStep } from "../inputs.ts";
import { missedPercents, rolloutStory } from "../story/rollout.ts";
import { confidenceWords } from "../story/story.ts";
import { countVerdicts, icons } from "../verdicts.ts";
import { cappedSections, code, details, link, table, text } from "./markdown.ts";
import { rolloutPath } from "./mermaid.ts";
import { overTimeTable } from "./over-time.ts";
import { identityDetails, opening } from "./parts.ts";
import { placeLine } from "./place.ts";
import { settleLines, verdictTable } from "./verdict-table.ts";

const stepsShown = 50;
const journalShown = 200;

export function deploySummary(input: RolloutReportInput): string {
  const last = input.steps.at(-1);
  const earlier = input.steps.slice(0, -1).filter((step) => step.verdicts.length > 0);
  return cappedSections([
    opening(rolloutStory(input), tryIt(input)),
    placeLine(input),
    last === undefined || last.verdicts.length === 0 ? null : lastGates(last, input),
    settleLines(last?.verdicts ?? []),
    last === undefined ? null : rolloutPath(input),
    last === undefined ? null : stepTable(input),
    input.stable === null ? null : overTimeTable(input),
    ...earlier.slice(-stepsShown).map(earlierGates),
    journal(input),
    identityDetails(
      [
        ["candidate", input.candidate],
        ["stable before", input.stable],
      ],
      input.run,
    ),
  ]);
}

function tryIt({ url, outcome }: RolloutReportInput): string {
  return url === null || outcome.stage === "restored" ? "" : link("Try it", url);
}

function lastGates(step: RolloutStep, { rule, confidence }: RolloutReportInput): string {
  const how = `rule ${code(rule)}, ${confidenceWords(confidence)} confidence`;
  return `**Gates at ${percent(step.weightPercent)}**, ${how}\n\n${verdictTable(step.verdicts)}`;
}

function stepTable(input: RolloutReportInput): string {
  const titles = [
    "Candidate's share",
    "From (UTC)",
    "Took",
    "Its requests",
    "failed",
    "Stable's",
    "failed",
    "Gates passed",
  ];
  const left = [0, 1, titles.length - 1];
  const columns = titles.map(
    (title, index) => ({ title, align: left.includes(index) ? "left" : "right" }) as const,
  );
  const rows = input.steps
    .slice(-stepsShown)
    .map((step) => [
      share(step.weightPercent),
      timeOfDay(step.from),
      duration(step.to - step.from),
      count(step.requests.candidate),
      count(step.failures.candidate),
      count(step.requests.stable),
      count(step.failures.stable),
      gateWords(step),
    ]);
  const missed = missedPercents(input)
    .slice(0, 10)
    .map((weight) => [share(weight), "not reached", "", "", "", "", "", ""]);
  return table(columns, [...rows, ...missed]);
}

function share(weightPercent: number): string {
  return `\`${weightBar(weightPercent)}\`\u00a0${percent(weightPercent)}`;
}

function gateWords({ verdicts }: RolloutStep): string {
  if (verdicts.length === 0) return "—";
  const verdict = overall(verdicts);
  return `${icons[verdict]}\u00a0${countVerdicts(verdicts).pass}\u00a0of\u00a0${verdicts.length}`;
}

function earlierGates(step: RolloutStep): string {
  const title = `${icons[overall(step.verdicts)]} Gates at ${percent(step.weightPercent)}, until ${timeOfDay(step.to)} UTC`;
  return details(title, verdictTable(step.verdicts));
}

function journal({ journal: entries }: RolloutReportInput): string | null {
  const [first] = entries;
  if (first === undefined) return null;
  const lines = entries
    .slice(-journalShown)
    .map(({ at, text: words }) => `- \`${timeOfDay(at)}\` ${text(words, 300)}`);
  return details(`Journal of ${dateAndTime(first.at)} (${count(entries.length)})`, lines.join("\n"));
}
