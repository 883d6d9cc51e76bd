/** Parts that the summaries of several actions share. */
import type { Verdict, VerdictName } from "@ml-actions/gates/types";
import { shortDigest } from "./clean.ts";
import { count, counted, dateAndTime, duration, formatter, unitOf } from "./figures.ts";
import type { Decision, ModelMetrics, NamedRelease, RunFacts } from "./inputs.ts";
import { code, details, link, table, text } from "./markdown.ts";
import { countVerdicts, isSliced, worstFirst } from "./verdicts.ts";

const metricsShown = 100;

/** `3 of 4 gates failed`: the number that goes into a headline. */
export function gateCount(verdicts: readonly Verdict[], name: VerdictName): string {
  const number = countVerdicts(verdicts)[name];
  const all = verdicts.length;
  if (number === all) return all === 1 ? "its one gate" : `all ${count(all)} gates`;
  return `${count(number)} of ${counted(all, "gate")}`;
}

/** The one sentence that says what decided it: the reason of the worst verdict. */
export function decidedBy(verdicts: readonly Verdict[]): string | null {
  const worst = worstFirst(verdicts)[0];
  if (worst === undefined || worst.verdict === "pass") return null;
  return `**What decided it:** ${code(worst.gate, 120)}: ${text(worst.reason, 400)}`;
}

/** `rule estimate, 95 % confidence`. */
export function decisionWords({ rule, confidence }: Pick<Decision, "rule" | "confidence">): string {
  return `rule ${code(rule)} at ${Number((confidence * 100).toFixed(2))}\u00a0% confidence`;
}

export function powerLines(power: readonly string[]): string | null {
  if (power.length === 0) return null;
  const lines = power.slice(0, 5).map((sentence) => `- ${text(sentence, 300)}`);
  if (power.length > 5) lines.push(`- and ${count(power.length - 5)} more`);
  return `**What this sample can prove**\n\n${lines.join("\n")}`;
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

/** Who is who, by digest, and when: what an auditor asks first. */
export function identityDetails(
  who: readonly [role: string, release: NamedRelease | null][],
  run: RunFacts,
): string {
  const rows = who.map(([role, release]) =>
    release === null
      ? [role, "none", ""]
      : [role, code(release.label, 80), release.digest === null ? "no digest" : code(release.digest, 80)],
  );
  const columns = ["", "Name", "Digest"].map((title) => ({ title, align: "left" }) as const);
  const when = `${dateAndTime(run.startedAt)}, took ${duration(run.finishedAt - run.startedAt)}, by ${text(run.tool, 80)}`;
  return details(
    "Releases, digests and this run",
    `${table(columns, rows)}\n\n${when} · ${link("the run", run.url)}`,
  );
}

export function named(release: NamedRelease): string {
  return code(release.label, 80);
}

/** For a headline: the label without a box, since headings are links in GitHub's table of contents. */
export function titled(release: NamedRelease): string {
  return text(
    release.label === "" && release.digest !== null ? shortDigest(release.digest) : release.label,
    80,
  );
}

/** Names of the slices that did worst, where a whole model failed: the first place to look. */
export function worstSlices(verdicts: readonly Verdict[]): string | null {
  const failed = worstFirst(verdicts).filter((verdict) => verdict.verdict === "fail" && isSliced(verdict));
  if (failed.length === 0) return null;
  const names = failed.slice(0, 3).map((verdict) => code(verdict.metric, 80));
  return failed.length > 3 ? `${names.join(", ")} and ${count(failed.length - 3)} more` : names.join(", ");
}
