/** The job summary of drift. */
import type { FeatureDrift } from "@ml-actions/gates/drift/types";
import { count, figure } from "../figures.ts";
import type { DriftReportInput, EstimatedMetric } from "../inputs.ts";
import { driftStory } from "../story/drift.ts";
import { cappedSections, code, details, table, text } from "./markdown.ts";
import { identityDetails, noteLines, opening } from "./parts.ts";
import { settleLines, verdictTable } from "./verdict-table.ts";

const driftedShown = 50;
const othersShown = 500;

/** Markdown: did the data drift, which features, what was done; then every other feature, folded. */
export function driftSummary(input: DriftReportInput): string {
  const { gates, features, reference, current } = input;
  const drifted = features.filter((feature) => feature.drifted);
  const others = features.filter((feature) => !feature.drifted);
  return cappedSections([
    opening(driftStory(input)),
    featureSection(drifted),
    estimates(input.estimated),
    verdictTable(gates),
    settleLines(gates),
    noteLines(input.notes),
    others.length === 0
      ? null
      : details(
          `Features without drift (${count(others.length)})`,
          featureTable(others.slice(0, othersShown)),
        ),
    identityDetails(
      [
        ["reference", { label: reference.name, digest: reference.digest }],
        ["current", { label: current.name, digest: current.digest }],
      ],
      input.run,
    ),
  ]);
}

function featureSection(drifted: readonly FeatureDrift[]): string | null {
  return drifted.length === 0
    ? null
    : `**Drifted features, worst first**\n\n${featureTable(drifted.slice(0, driftedShown))}`;
}

function featureTable(features: readonly FeatureDrift[]): string {
  const titles = ["Feature", "PSI", "p (adjusted)", "Missing before", "now", "Unseen rows", "Rows now"];
  const columns = titles.map((title, index) => ({ title, align: index === 0 ? "left" : "right" }) as const);
  return table(
    columns,
    features.map((feature) => [
      code(feature.feature, 80),
      figure(feature.psi, "none"),
      figure(feature.pAdjusted, "none"),
      figure(feature.missing.reference, "share"),
      figure(feature.missing.current, "share"),
      count(feature.unseen.rows),
      count(feature.rows.current),
    ]),
  );
}

function estimates(estimated: readonly EstimatedMetric[]): string | null {
  if (estimated.length === 0) return null;
  const lines = estimated.map(({ metric, value, interval, refused }) =>
    value === null
      ? `- ${code(metric, 80)}: none. ${text(refused ?? "No reason was given.", 300)}`
      : `- ${code(metric, 80)}: ${figure(value, "none")}${interval === null ? "" : `, interval ${figure(interval[0], "none")} to ${figure(interval[1], "none")}`}`,
  );
  return `**Estimated without labels**\n\n${lines.join("\n")}`;
}
