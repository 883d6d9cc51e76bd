/** The HTML report of shadow. */
import { coverageLines } from "../data/coverage.ts";
import type { PlotRows } from "../data/rows.ts";
import { count } from "../figures.ts";
import type { ShadowReportInput } from "../inputs.ts";
import { coveragePlot } from "../plots/coverage.ts";
import { shadowStory } from "../story/shadow.ts";
import { sideRows } from "../summary/shadow.ts";
import { contractCard } from "./contract-card.ts";
import { evaluationFigures } from "./evaluation-figures.ts";
import { gatesCard, sentences, storyBanner } from "./evaluation-page.ts";
import type { Content } from "./markup.ts";
import { htmlPage } from "./page.ts";
import {
  type Column,
  card,
  configurationFact,
  facts,
  metricsTable,
  plots,
  release,
  scrollTable,
} from "./parts.ts";

/** @param rows `baseline` holds stable's answers; null when no answers were kept. */
export function shadowPage(input: ShadowReportInput, rows: PlotRows | null): string {
  const { candidate, stable, requests, coverage } = input;
  const story = shadowStory(input);
  const names = { candidate: candidate.label, baseline: stable.label };
  return htmlPage({
    title: story.headline,
    run: input.run,
    content: [
      storyBanner(story),
      gatesCard(input),
      contractCard(input),
      card("Both sides", sidesTable(input)),
      plots([
        coverage === undefined ? null : coveragePlot("coverage", coverage),
        ...evaluationFigures(rows, { ...input, bothSides: true }, names),
      ]),
      sentences(input),
      metricsTable(input.metrics, { candidate: candidate.label, baseline: stable.label }),
      card(
        "Releases and requests",
        facts([
          ["Candidate", release(candidate)],
          ["Stable", release(stable)],
          ["Where", placeWords(input)],
          [
            "Requests",
            `${count(requests.sent)} sent, ${count(requests.compared)} compared, ${count(requests.labelled)} labelled`,
          ],
          ["Asked for at least", count(input.minimumSamples)],
          ...(coverage === undefined
            ? []
            : coverageLines(coverage).map(({ words, requests: number }): [string, Content] => [
                words,
                count(number),
              ])),
          ...configurationFact(input.run),
        ]),
      ),
    ],
  });
}

function placeWords({ resource, target, cluster }: ShadowReportInput): string {
  const where = `${resource} on ${target}`;
  return cluster === undefined
    ? where
    : `${where}, namespace ${cluster.namespace} of ${cluster.name}, guard ${cluster.guard}`;
}

function sidesTable(input: ShadowReportInput): Content {
  const columns: Column[] = [
    { title: "Counted" },
    { title: input.candidate.label, number: true },
    { title: input.stable.label, number: true },
  ];
  const rows = sideRows(input).map(([name, sides]) => [name, sides.candidate, sides.stable]);
  return scrollTable("The same requests, answered by both.", columns, rows);
}
