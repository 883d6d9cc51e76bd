/** The job summary of deploy. */
import { count, counted, dateAndTime, duration, percent, timeOfDay } from "./figures.ts";
import { weightBar } from "./glyphs.ts";
import type { RolloutReportInput, RolloutStep } from "./inputs.ts";
import { cappedSections, code, details, link, table, text } from "./markdown.ts";
import { missedPercents, rolloutPath } from "./mermaid.ts";
import { rolloutHeadline, rolloutTotals } from "./rollout-facts.ts";
import { decidedBy, decisionWords, gateCount, identityDetails, named } from "./summary-parts.ts";
import { settleLines, verdictTable } from "./verdict-table.ts";
import { icons, overall } from "./verdicts.ts";

const stepsShown = 50;
const journalShown = 200;

export function deploySummary(input: RolloutReportInput): string {
  const last = input.steps.at(-1);
  const verdicts = last?.verdicts ?? [];
  const earlier = input.steps.slice(0, -1).filter((step) => step.verdicts.length > 0);
  return cappedSections([
    `## ${icons[input.outcome.verdict]} ${text(rolloutHeadline(input))}`,
    input.outcome.stage === "promoted"
      ? null
      : (decidedBy(verdicts) ?? `**What decided it:** ${text(input.outcome.reason, 400)}`),
    story(input),
    last === undefined || verdicts.length === 0
      ? null
      : `**Gates at ${percent(last.weightPercent)}**, ${decisionWords(input)}\n\n${verdictTable(verdicts, input.confidence)}`,
    settleLines(verdicts),
    whatNow(input),
    input.steps.length === 0 ? null : rolloutPath(input),
    input.steps.length === 0 ? null : stepTable(input),
    ...earlier.slice(-stepsShown).map((step) => earlierGates(step, input.confidence)),
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

/** What happened, in one or two sentences with the numbers that matter. */
function story(input: RolloutReportInput): string {
  const { stable, candidate, outcome } = input;
  const where = `${code(input.resource, 80)} on ${code(input.target, 40)}`;
  const { requests, failures, nan } = rolloutTotals(input);
  const took = duration(outcome.at - input.run.startedAt);
  if (stable === null) {
    return `${where} was empty, so there was nothing to compare ${named(candidate)} with: it was made stable at once.`;
  }
  const nans = nan !== null && nan > 0 ? ` and ${count(nan)} had NaN in the answer` : "";
  const harm = `${counted(requests.candidate, "request")} reached ${named(candidate)}: ${count(failures.candidate)} failed${nans}. ${named(stable)} failed ${count(failures.stable)} of ${count(requests.stable)}.`;
  switch (outcome.stage) {
    case "promoted":
      return `It replaced ${named(stable)} on ${where} in ${took}, step by step. ${harm}`;
    case "restored":
      return `${named(stable)} has had all traffic of ${where} again since ${timeOfDay(outcome.at)} UTC, ${took} after the start. ${harm}`;
    case "held":
      return `The split of ${where} stands still at ${percent(input.steps.at(-1)?.weightPercent ?? 0)} since ${timeOfDay(outcome.at)} UTC. ${harm}`;
  }
}

function whatNow({ outcome, stable, url }: RolloutReportInput): string {
  switch (outcome.stage) {
    case "promoted": {
      const back =
        stable === null ? "" : ` To go back to ${named(stable)}, run rollback with ${code("to: previous")}.`;
      return `**What now:** nothing to do.${back}${url === null ? "" : ` ${link("Try it", url)}`}`;
    }
    case "restored":
      return outcome.verdict === "inconclusive"
        ? "**What now:** users are safe on the old release. The candidate was not shown to be bad: give the step more traffic or time (`step-timeout`), then deploy again."
        : "**What now:** users are safe on the old release. Find the cause before the next try; the HTML report has both sides over time.";
    case "held":
      return "**What now:** a person must decide: deploy again to go on, or run rollback. The lease keeps a guard on it meanwhile.";
  }
}

function stepTable(input: RolloutReportInput): string {
  const left = { align: "left" } as const;
  const right = { align: "right" } as const;
  const columns = [
    { title: "Candidate's share", ...left },
    { title: "From", ...left },
    { title: "Took", ...right },
    { title: "Requests: candidate", ...right },
    { title: "stable", ...right },
    { title: "Failed: candidate", ...right },
    { title: "stable", ...right },
    { title: "Gates", ...left },
  ];
  const rows = input.steps
    .slice(-stepsShown)
    .map((step) => [
      `${weightBar(step.weightPercent)} ${percent(step.weightPercent)}`,
      timeOfDay(step.from),
      duration(step.to - step.from),
      count(step.requests.candidate),
      count(step.requests.stable),
      count(step.failures.candidate),
      count(step.failures.stable),
      gateWords(step),
    ]);
  const missed = missedPercents(input)
    .slice(0, 10)
    .map((weight) => [`${weightBar(weight)} ${percent(weight)}`, "*not reached*", "", "", "", "", "", ""]);
  return `**Step by step**\n\n${table(columns, [...rows, ...missed])}`;
}

function gateWords({ verdicts }: RolloutStep): string {
  if (verdicts.length === 0) return "—";
  const verdict = overall(verdicts);
  return `${icons[verdict]} ${verdict === "pass" ? gateCount(verdicts, "pass") : `${gateCount(verdicts, verdict)} ${verdict === "fail" ? "failed" : verdict}`}`;
}

function earlierGates(step: RolloutStep, confidence: number): string {
  const title = `${icons[overall(step.verdicts)]} Gates at ${percent(step.weightPercent)}, ${timeOfDay(step.to)} UTC`;
  return details(title, verdictTable(step.verdicts, confidence));
}

function journal({ journal: entries }: RolloutReportInput): string | null {
  if (entries.length === 0) return null;
  const lines = entries
    .slice(-journalShown)
    .map(({ at, text: words }) => `- ${code(timeOfDay(at))} ${text(words, 300)}`);
  const first = entries[0];
  const day = first === undefined ? "" : `, ${dateAndTime(first.at)}`;
  return details(
    `Journal (${counted(entries.length, "entry").replace("entrys", "entries")}${day})`,
    lines.join("\n"),
  );
}
