/** The HTML report of drift. */
import { count, figure } from "../figures.ts";
import type { DriftReportInput } from "../inputs.ts";
import { driftStory } from "../story/drift.ts";
import { storyBanner } from "./evaluation-page.ts";
import { gatesTable } from "./gates.ts";
import { html } from "./markup.ts";
import { htmlPage } from "./page.ts";
import { type Column, card, facts, list, release, scrollTable } from "./parts.ts";

export function driftPage(input: DriftReportInput): string {
  const { reference, current } = input;
  const story = driftStory(input);
  return htmlPage({
    title: story.headline,
    run: input.run,
    content: [
      storyBanner(story),
      card("Gates", gatesTable(input.gates, "The shaded side is allowed, the upright line is the bound.")),
      featureTable(input),
      input.notes.length === 0 ? null : card("Notes", list(input.notes)),
      card(
        "Data",
        facts([
          ["Reference", release({ label: reference.name, digest: reference.digest })],
          ["Rows", count(reference.rows)],
          ["Current", release({ label: current.name, digest: current.digest })],
          ["Rows", count(current.rows)],
        ]),
      ),
    ],
  });
}

function featureTable({ features }: DriftReportInput) {
  const columns: Column[] = [
    { title: "Feature" },
    { title: "PSI", number: true },
    { title: "p (adjusted)", number: true },
    { title: "Missing before", number: true },
    { title: "now", number: true },
    { title: "Unseen rows", number: true },
  ];
  const rows = features.map((feature) => [
    html`<code>${feature.feature}</code>`,
    figure(feature.psi, "none"),
    figure(feature.pAdjusted, "none"),
    figure(feature.missing.reference, "share"),
    figure(feature.missing.current, "share"),
    count(feature.unseen.rows),
  ]);
  return card("Features", scrollTable("Every feature, worst first.", columns, rows));
}
