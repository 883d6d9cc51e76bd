/** The HTML report of drift. */
import type { FeatureDrift } from "@ml-actions/gates/drift/types";
import {
  driftedFirst,
  type Effect,
  effectOf,
  effectTitle,
  effectWords,
  gapsOf,
  gatedEffects,
  shareWords,
} from "../data/drift.ts";
import { chance, count, counted, formatter } from "../figures.ts";
import type { DriftReportInput, EstimatedMetric } from "../inputs.ts";
import { driftBarPlot } from "../plots/drift-bars.ts";
import { driftBinPlot } from "../plots/drift-bins.ts";
import { driftStory, falseAlarmWords } from "../story/drift.ts";
import { storyBanner } from "./evaluation-page.ts";
import { gatesTable } from "./gates.ts";
import { type Content, html } from "./markup.ts";
import { htmlPage } from "./page.ts";
import { badge, card, configurationFact, denseTable, facts, folded, list, plots, release } from "./parts.ts";

const barPlotsShown = 3;
const binPlotsShown = 12;
const featuresShown = 600;
/** A longer table is folded until asked for. */
const featuresOpen = 40;
const gapsShown = 30;

export function driftPage(input: DriftReportInput): string {
  const { reference, current, gates, actions } = input;
  const allNotes = [...input.notes, ...featureNotes(input.features)];
  const story = driftStory(input);
  const caption = `The shaded side is allowed, the upright line is the bound. ${falseAlarmWords(input.confidence)}`;
  return htmlPage({
    title: story.headline,
    run: input.run,
    content: [
      storyBanner(story),
      actions.length === 0 ? null : card("What was done", list(actions.slice(0, 50))),
      card("Gates", gatesTable(gates, caption)),
      ...figures(input),
      estimates(input.estimated),
      gaps(input.features),
      allNotes.length === 0 ? null : card("Notes", list(allNotes.slice(0, 100))),
      featureTable(input),
      card(
        "Data",
        facts([
          ["Reference", release({ label: reference.name, digest: reference.digest })],
          ["Its rows", count(reference.rows)],
          ["Current", release({ label: current.name, digest: current.digest })],
          ["Its rows", count(current.rows)],
          ...configurationFact(input.run),
        ]),
      ),
    ],
  });
}

/** Those that no figure of bins tells already. */
function featureNotes(features: readonly FeatureDrift[]): string[] {
  const told = new Set(
    driftedFirst(features)
      .slice(0, binPlotsShown)
      .filter(({ bins }) => bins.length > 0),
  );
  return features
    .filter((feature) => !told.has(feature))
    .flatMap(({ feature, notes }) => notes.map((note) => `${feature}: ${note}`));
}

/** Bars of all features, then the bins of the worst: without any drift, of those that come nearest to it. */
function figures({ features, gates }: DriftReportInput): Content[] {
  const bars = gatedEffects(gates)
    .slice(0, barPlotsShown)
    .map((effect, index) => driftBarPlot(`bars-${index}`, effect, features, gates));
  const worst = driftedFirst(features).slice(0, binPlotsShown);
  const bins = worst.map((feature, index) => driftBinPlot(`bins-${index}`, feature));
  const heading =
    worst.length === 0
      ? null
      : html`<h2 class="between">Bins of ${worst.length < features.length ? `the worst ${worst.length} features` : "every feature"}</h2>`;
  return [plots(bars), bins.every((plot) => plot === null) ? null : heading, plots(bins)];
}

function estimates(estimated: readonly EstimatedMetric[]): Content {
  if (estimated.length === 0) return null;
  const lines = estimated.map(({ metric, value, interval, refused }): [string, Content] => {
    const show = formatter([value, ...(interval ?? [])], "none");
    if (value === null) return [metric, `not estimated: ${refused ?? "no reason was given"}`];
    const ends = interval === null ? "no interval" : `interval ${show(interval[0])} to ${show(interval[1])}`;
    return [metric, html`<b>${show(value)}</b>, ${ends}`];
  });
  return card("Estimated without labels", facts(lines));
}

/** What a broken source looks like: values that went missing, and categories that nobody knew. */
function gaps(features: readonly FeatureDrift[]): Content {
  const found = gapsOf(features);
  if (found.length === 0) return null;
  const lines = found.slice(0, gapsShown).map(({ feature, missing, unseen }) => {
    const lost =
      missing.current > missing.reference
        ? [`missing ${shareWords(missing.reference)} → ${shareWords(missing.current)} of rows`]
        : [];
    const names = unseen.names.map(({ name, rows }) => `${name} (${count(rows)})`).join(", ");
    const strange =
      unseen.rows > 0
        ? [`${counted(unseen.rows, "row")} of categories that the reference lacks: ${names}`]
        : [];
    return html`<li><code>${feature}</code>: ${[...lost, ...strange].join("; ")}</li>`;
  });
  const more = found.length > gapsShown ? html`<li>and ${count(found.length - gapsShown)} more</li>` : null;
  return card("Missing and unseen", html`<ul>${lines}${more}</ul>`);
}

function featureTable({ features, gates }: DriftReportInput): Content {
  if (features.length === 0) return card("Features", html`<p class="muted">No feature was compared.</p>`);
  const shown = [...new Set<Effect>(["psi", ...gatedEffects(gates)])].filter(
    (name) => name !== "missing_rate",
  );
  const sorted = driftedFirst(features);
  const rows = sorted
    .slice(0, featuresShown)
    .map((feature) => [
      feature.feature,
      feature.drifted ? badge("fail", "drifted") : "",
      ...shown.map((effect) => effectWords(effect, effectOf(feature, effect))),
      chance(feature.pAdjusted),
      shareWords(feature.missing.reference),
      shareWords(feature.missing.current),
      count(feature.unseen.rows),
      count(feature.rows.reference),
      count(feature.rows.current),
    ]);
  const titles = ["Feature", "", ...shown.map(effectTitle), "p (adjusted)", "Missing before", "now"];
  const more = sorted.length - featuresShown;
  const caption = `Every feature, worst first; p is after Benjamini-Hochberg over all of them.${more > 0 ? ` ${count(more)} more are left out.` : ""}`;
  const show = features.length > featuresOpen ? folded : card;
  return show(
    `All features (${count(features.length)})`,
    denseTable(caption, [...titles, "Unseen rows", "Rows before", "now"], rows),
  );
}
