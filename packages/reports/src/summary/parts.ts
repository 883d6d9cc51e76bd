/** Parts that the summaries of several actions share. */
import { count, dateAndTime, duration, formatter, unitOf } from "../figures.ts";
import type { ModelMetrics, NamedRelease, RunFacts } from "../inputs.ts";
import type { Story } from "../story/story.ts";
import { icons } from "../verdicts.ts";
import { code, details, link, table, text } from "./markdown.ts";

const metricsShown = 100;
const powerShown = 50;

/**
 * The first lines of every summary: the verdict, what was compared, what decided it, what now.
 *
 * @param after Markdown behind "what now": a link.
 */
export function opening({ verdict, headline, decided, sentence, whatNow }: Story, after = ""): string {
  const gate = decided === null || decided.gate === null ? "" : `${code(decided.gate, 120)}: `;
  const why = decided === null ? [] : [`**What decided it:** ${gate}${text(decided.reason, 400)}`];
  const now = `**What now:** ${text(whatNow, 600)}${after === "" ? "" : ` ${after}`}`;
  return [`## ${icons[verdict]} ${text(headline, 300)}`, text(sentence, 1000), ...why, now].join("\n\n");
}

export function powerLines(power: readonly string[]): string | null {
  if (power.length === 0) return null;
  const lines = power.slice(0, powerShown).map((sentence) => `- ${text(sentence, 300)}`);
  if (power.length > powerShown) lines.push(`- and ${count(power.length - powerShown)} more`);
  return power.length > 2
    ? details(`What this sample can prove (${count(power.length)})`, lines.join("\n"))
    : `**What this sample can prove**\n\n${lines.join("\n")}`;
}

export function noteLines(notes: readonly string[]): string | null {
  if (notes.length === 0) return null;
  const lines = notes.slice(0, 20).map((note) => `- ${text(note, 400)}`);
  if (notes.length > 20) lines.push(`- and ${count(notes.length - 20)} more`);
  return `**Notes**\n\n${lines.join("\n")}`;
}

/** All metrics of both models, folded; those of slices last. */
export function metricsDetails(
  { candidate, baseline }: ModelMetrics,
  labels: [string, string | null],
): string | null {
  const names = Object.keys(candidate).toSorted((a, b) => Number(a.includes("{")) - Number(b.includes("{")));
  if (names.length === 0) return null;
  const rows = names.slice(0, metricsShown).map((name) => {
    const [now, before] = [candidate[name] ?? null, baseline?.[name] ?? null];
    const change = now === null || before === null ? null : now - before;
    const show = formatter([now, before], unitOf(name));
    const changed = change === null ? "—" : `${change > 0 ? "+" : ""}${show(change)}`;
    return baseline === null
      ? [code(name, 80), show(now)]
      : [code(name, 80), show(now), show(before), changed];
  });
  const titles =
    baseline === null
      ? ["Metric", code(labels[0], 40)]
      : ["Metric", code(labels[0], 40), code(labels[1] ?? "baseline", 40), "Change"];
  const columns = titles.map((title, index) => ({ title, align: index === 0 ? "left" : "right" }) as const);
  const more =
    names.length > metricsShown
      ? `\n\n*And ${count(names.length - metricsShown)} more in the metrics file.*`
      : "";
  return details(`All metrics (${count(names.length)})`, `${table(columns, rows)}${more}`);
}

/** What tells a release from any other, a whole image reference where there is one; null without a digest. */
export function identity({ digest, image, verified }: NamedRelease): string | null {
  if (digest === null) return null;
  const proof = verified === undefined ? "" : `, evidence verified ${dateAndTime(verified.at)}`;
  return `${code(image ?? digest, 500)}${proof}`;
}

/** Who is who, by digest, and when: what an auditor asks first. */
export function identityDetails(
  who: readonly [role: string, release: NamedRelease | null][],
  run: RunFacts,
): string {
  const rows = who.map(([role, release]) =>
    release === null ? [role, "none", ""] : [role, code(release.label, 80), identity(release) ?? "no digest"],
  );
  const columns = ["", "Name", "Digest"].map((title) => ({ title, align: "left" }) as const);
  const when = `${dateAndTime(run.startedAt)}, took ${duration(run.finishedAt - run.startedAt)}, by ${text(run.tool, 80)}`;
  const gates =
    run.configuration === undefined
      ? ""
      : `\n\nGate configuration ${code(run.configuration)} (listed under ${code("configurations")} in a policy, it lets no other gates count).`;
  return details(
    "Releases, digests and this run",
    `${table(columns, rows)}${gates}\n\n${when} · ${link("the run", run.url)}`,
  );
}
