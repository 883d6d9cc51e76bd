/** The job summary of drift. */
import type { FeatureDrift } from "@ml-actions/gates/drift/types";
import {
  boundsOf,
  driftedFirst,
  type Effect,
  effectOf,
  effectTitle,
  effectWords,
  gatedEffects,
  shareWords,
  tellingBins,
} from "../data/drift.ts";
import { chance, count, formatter } from "../figures.ts";
import { sparkline } from "../glyphs.ts";
import type { DriftReportInput, EstimatedMetric } from "../inputs.ts";
import { driftStory } from "../story/drift.ts";
import { cappedSections, code, details, type MarkdownColumn, table, text } from "./markdown.ts";
import { identityDetails, noteLines, opening } from "./parts.ts";
import { settleLines, verdictTable } from "./verdict-table.ts";

/** Rows that are read; more are folded with the others. */
const driftedShown = 25;
const othersShown = 500;
/** Blocks of a sparkline that still fit in a cell. */
const binsShown = 12;

/** Markdown: did the data drift, what was done, which features; then every other feature, folded. */
export function driftSummary(input: DriftReportInput): string {
  const { gates, features, reference, current } = input;
  const sorted = driftedFirst(features);
  const drifted = sorted.filter((feature) => feature.drifted).slice(0, driftedShown);
  return cappedSections([
    opening(driftStory(input)),
    actionLines(input.actions),
    drifted.length === 0
      ? null
      : `**Drifted features, worst first** (bold: beyond the bound)\n\n${featureTable(drifted, gates, true)}`,
    estimateLines(input.estimated),
    verdictTable(gates),
    settleLines(gates),
    noteLines(input.notes),
    otherFeatures(sorted.slice(drifted.length), gates),
    identityDetails(
      [
        ["reference", { label: reference.name, digest: reference.digest }],
        ["current", { label: current.name, digest: current.digest }],
      ],
      input.run,
    ),
  ]);
}

function actionLines(actions: readonly string[]): string | null {
  if (actions.length === 0) return null;
  const lines = actions.slice(0, 20).map((action) => `- ${text(action, 300)}`);
  return `**What was done**\n\n${lines.join("\n")}`;
}

function otherFeatures(features: readonly FeatureDrift[], gates: DriftReportInput["gates"]): string | null {
  if (features.length === 0) return null;
  const drifted = features.filter((feature) => feature.drifted).length;
  const words =
    drifted > 0
      ? `More features: ${count(drifted)} drifted, ${count(features.length - drifted)} not`
      : `Features without drift (${count(features.length)})`;
  const more = features.length - othersShown;
  const note = more > 0 ? `\n\n*And ${count(more)} more in the HTML report.*` : "";
  return details(words, `${featureTable(features.slice(0, othersShown), gates, drifted > 0)}${note}`);
}

/** What was beyond its bound is bold; shapes are the bins, the same of both sides below each other in height. */
function featureTable(
  features: readonly FeatureDrift[],
  gates: DriftReportInput["gates"],
  shapes: boolean,
): string {
  const shown = [...new Set<Effect>(["psi", ...gatedEffects(gates)])]
    .filter((effect) => effect !== "missing_rate")
    .slice(0, 4);
  const bounds = shown.map((effect) => boundsOf(gates, effect));
  const right = (title: string): MarkdownColumn => ({ title, align: "right" });
  const columns: MarkdownColumn[] = [
    { title: "Feature", align: "left" },
    ...shown.map((effect) => right(effectTitle(effect))),
    right("p (adjusted)"),
    right("Missing before → now"),
    right("Unseen"),
    right("Rows before → now"),
    ...(shapes ? [{ title: "Bins before → now", align: "left" as const }] : []),
  ];
  const rows = features.map((feature) => [
    code(feature.feature, 80),
    ...shown.map((effect, index) =>
      emphasised(effect, effectOf(feature, effect), bounds[index]?.of(feature.feature) ?? null),
    ),
    text(chance(feature.pAdjusted)),
    fromTo(feature.missing, shareWords),
    unseenWords(feature),
    fromTo(feature.rows, count),
    ...(shapes ? [shapeOf(feature)] : []),
  ]);
  return table(columns, rows);
}

function emphasised(effect: Effect, value: number | null, bound: number | null): string {
  const words = effectWords(effect, value);
  return value !== null && bound !== null && value > bound ? `**${words}**` : words;
}

function fromTo(
  { reference, current }: { reference: number; current: number },
  show: (value: number) => string,
): string {
  const [before, now] = [show(reference), show(current)];
  return before === now ? now : `${before}\u00a0→\u00a0${now}`;
}

/** `412: ZZ, YY …`. */
function unseenWords({ unseen }: FeatureDrift): string {
  if (unseen.rows === 0) return "0";
  const names = unseen.names.slice(0, 3).map(({ name }) => code(name, 30));
  return `${count(unseen.rows)}${names.length === 0 ? "" : `: ${names.join(", ")}`}${unseen.names.length > 3 ? " …" : ""}`;
}

function shapeOf(feature: FeatureDrift): string {
  const bins = tellingBins(feature, binsShown);
  if (bins.length === 0) return "—";
  const highest = Math.max(...bins.flatMap(({ reference, current }) => [reference, current]));
  const line = (side: "reference" | "current") =>
    `\`${sparkline(
      bins.map((bin) => bin[side]),
      0,
      highest,
    )}\``;
  return `${line("reference")}\u00a0→\u00a0${line("current")}`;
}

function estimateLines(estimated: readonly EstimatedMetric[]): string | null {
  if (estimated.length === 0) return null;
  const lines = estimated.map(({ metric, value, interval, refused }) => {
    const show = formatter([value, ...(interval ?? [])], "none");
    if (value === null)
      return `- ${code(metric, 80)}: not estimated: ${text(refused ?? "no reason was given", 400)}`;
    const ends = interval === null ? "no interval" : `interval ${show(interval[0])} to ${show(interval[1])}`;
    return `- ${code(metric, 80)}: **${show(value)}**, ${ends}`;
  });
  return `**Estimated without labels**\n\n${lines.join("\n")}`;
}
