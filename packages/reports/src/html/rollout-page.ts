/** The HTML report of deploy. */

import { overall } from "@ml-actions/gates/overall";
import type { VerdictName } from "@ml-actions/gates/types";
import { oneLine } from "../clean.ts";
import { count, counted, dateAndTime, duration, percent, timeOfDay } from "../figures.ts";
import type { GateWealth, RolloutReportInput, RolloutStep } from "../inputs.ts";
import { latencyPlot } from "../plots/latency.ts";
import { ratePlot } from "../plots/rates.ts";
import { wealthPlot } from "../plots/wealth.ts";
import { weightsPlot } from "../plots/weights.ts";
import { missedPercents, rolloutStory } from "../story/rollout.ts";

import { storyBanner } from "./evaluation-page.ts";
import { gatesTable } from "./gates.ts";
import { type Content, html } from "./markup.ts";
import { htmlPage } from "./page.ts";
import {
  badge,
  type Column,
  card,
  configurationFact,
  facts,
  folded,
  plots,
  release,
  scrollTable,
} from "./parts.ts";

const stepsShown = 100;
/** More gates than this are a wall of plots. */
const gatesDrawn = 12;
const journalShown = 300;
/** Steps whose gates are shown, folded. */
const earlierShown = 30;

export function rolloutPage(input: RolloutReportInput): string {
  const story = rolloutStory(input);
  const last = input.steps.at(-1);
  const earlier = input.steps.slice(0, -1).filter((step) => step.verdicts.length > 0);
  return htmlPage({
    title: story.headline,
    run: input.run,
    content: [
      storyBanner(story, input.outcome.stage === "restored" ? null : input.url),
      last === undefined ? null : card("The path", pathStrip(input)),
      last === undefined || last.verdicts.length === 0
        ? null
        : card(`Gates at ${percent(last.weightPercent)}`, gatesTable(last.verdicts, gatesCaption(input))),
      input.stable === null ? null : plots(figures(input)),
      ...evidence(input),
      last === undefined ? null : card("Step by step", stepTable(input)),
      earlier.length === 0
        ? null
        : card(
            "Gates at the steps before",
            earlier.slice(-earlierShown).map((step) => earlierGates(step, input)),
          ),
      journal(input),
      card(
        "Releases",
        facts([
          ["Candidate", release(input.candidate)],
          ["Stable before", release(input.stable)],
          ["Where", `${input.resource} on ${input.target}`],
          ["Steps asked for", input.plannedPercents.map(percent).join(", ")],
          ...configurationFact(input.run),
        ]),
      ),
    ],
  });
}

function figures(input: RolloutReportInput) {
  const bands =
    "with exact bounds for each moment on its own (the verdicts use a test that holds at every moment at once).";
  return [
    weightsPlot("weights", input),
    ratePlot("errors", input, {
      title: "Failed requests",
      caption: `Share of requests that users saw fail, since the start, ${bands}`,
      metric: "error_rate",
      count: (side) => side.errors,
    }),
    ratePlot("nan", input, {
      title: "Answers with NaN",
      caption: `Share of requests with a NaN or infinite answer, since the start, ${bands}`,
      metric: "nan_rate",
      count: (side) => side.nan,
    }),
    latencyPlot("latency", input),
  ];
}

/** The judge's bets, one plot a gate: those that came to something first. */
function evidence(input: RolloutReportInput): Content[] {
  const decided = ({ needed, points }: GateWealth) =>
    points.some((point) => (needed.fail > 0 && point.fail >= needed.fail) || point.pass >= needed.pass);
  const wealth = (input.wealth ?? []).toSorted((a, b) => Number(decided(b)) - Number(decided(a)));
  const drawn = wealth
    .slice(0, gatesDrawn)
    .map((gate, index) => wealthPlot(`wealth-${index}`, gate, input))
    .filter((figure) => figure !== null);
  if (drawn.length === 0) return [];
  const more = wealth.length > gatesDrawn ? `, ${gatesDrawn} of ${count(wealth.length)} gates` : "";
  return [html`<h2 class="between">What the judge knew${more}</h2>`, plots(drawn)];
}

function pathStrip(input: RolloutReportInput): Content {
  const walked = input.steps.slice(-stepsShown).map((step, index, steps) => {
    const style = stepStyle(step, input, index === steps.length - 1);
    const failed =
      step.failures.candidate > 0
        ? html`<span class="fail-ink">${count(step.failures.candidate)} failed</span>`
        : null;
    return html`<li class="${style}"><b>${percent(step.weightPercent)}</b><span>${duration(step.to - step.from)}</span><span>${counted(step.requests.candidate, "request")}</span>${failed}</li>`;
  });
  const missed = missedPercents(input)
    .slice(0, stepsShown)
    .map((weight) => html`<li class="missed"><b>${percent(weight)}</b><span>not reached</span></li>`);
  const { outcome } = input;
  const name = (outcome.stage === "promoted" ? input.candidate : (input.stable ?? input.candidate)).label;
  const end = {
    promoted: html`<li class="pass"><b>promoted</b><span>${name} serves all</span></li>`,
    restored: html`<li class="fail"><b>taken back</b><span>${name} serves all</span></li>`,
    held: html`<li class="inconclusive"><b>held</b><span>for a person</span></li>`,
  }[outcome.stage];
  return html`<ol class="path">${walked}${end}${missed}</ol>`;
}

function stepStyle(step: RolloutStep, { outcome }: RolloutReportInput, last: boolean): VerdictName {
  return last && outcome.stage !== "promoted" ? outcome.verdict : overall(step.verdicts);
}

function gatesCaption({ rule, confidence }: RolloutReportInput): string {
  return `The shaded side is allowed, the upright line is the bound. Intervals hold at every moment at once with ${Number((confidence * 100).toFixed(3))} % confidence; the rule is ${rule}.`;
}

function earlierGates(step: RolloutStep, input: RolloutReportInput): Content {
  const title = `${percent(step.weightPercent)}, until ${timeOfDay(step.to)} UTC`;
  return html`<details><summary>${title}: ${badge(overall(step.verdicts))}</summary>${gatesTable(step.verdicts, gatesCaption(input))}</details>`;
}

function stepTable(input: RolloutReportInput): Content {
  const rows = input.steps
    .slice(-stepsShown)
    .map((step) => [
      percent(step.weightPercent),
      timeOfDay(step.from),
      duration(step.to - step.from),
      count(step.requests.candidate),
      count(step.failures.candidate),
      count(step.requests.stable),
      count(step.failures.stable),
      step.verdicts.length === 0 ? "none" : badge(overall(step.verdicts)),
    ]);
  const columns: Column[] = [
    { title: "Candidate's share" },
    { title: "From" },
    { title: "Took", number: true },
    { title: "Its requests", number: true },
    { title: "failed", number: true },
    { title: "Stable's requests", number: true },
    { title: "failed", number: true },
    { title: "Gates" },
  ];
  return scrollTable("Requests and failures within each step; times are UTC.", columns, rows);
}

function journal({ journal: entries }: RolloutReportInput): Content {
  const [first] = entries;
  if (first === undefined) return null;
  const lines = entries
    .slice(-journalShown)
    .map(
      ({ at, text }) =>
        html`<li><code class="muted">${timeOfDay(at)}</code><span>${oneLine(text, 300)}</span></li>`,
    );
  return folded(
    `Journal of ${dateAndTime(first.at)} (${count(entries.length)})`,
    html`<ol class="journal">${lines}</ol>`,
  );
}
