/** Verdicts in Markdown: the one table that is read in five seconds. */
import type { Verdict } from "@ml-actions/gates/types";
import { count, formatter, unitOf } from "../figures.ts";
import { icons, isSliced, isUnjudged, shownAs, sign, worstFirst } from "../verdicts.ts";
import { code, codeInHtml, details, type MarkdownColumn, table, text } from "./markdown.ts";

/** Rows that a reader still takes in at a glance; the worst come first, so the cut hits what passed. */
const rowsShown = 25;
const rowsFolded = 200;
const maximumGateLength = 120;

/**
 * Worst first. Slices that passed or could not be judged are folded below as soon as the table is longer than a glance
 * (8 rows), and so are
 * the reasons of gates that passed, which repeat the numbers; what is beyond the caps is counted, never dropped in
 * silence.
 */
export function verdictTable(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return "*No gate was judged.*";
  const sorted = worstFirst(verdicts);
  const glance =
    sorted.length <= 8
      ? sorted
      : sorted.filter((v) => !isSliced(v) || (v.verdict !== "pass" && !isUnjudged(v)));
  const shown = (glance.length > 0 ? glance : sorted).slice(0, rowsShown);
  const rest = sorted.filter((verdict) => !shown.includes(verdict));
  const parts = [tableOf(shown)];
  if (rest.length > 0) parts.push(folded(rest));
  const passed = shown.filter(({ verdict }) => verdict === "pass");
  if (passed.length > 0) parts.push(details("Why the gates above passed", passed.map(reasonLine).join("\n")));
  return parts.join("\n\n");
}

/** The column of reasons is there when a gate did not pass. */
function tableOf(verdicts: readonly Verdict[]): string {
  const allPassed = verdicts.every(({ verdict }) => verdict === "pass");
  const shown = allPassed ? columns.slice(0, -1) : columns;
  return table(
    shown,
    verdicts.map((verdict) => row(verdict).slice(0, shown.length)),
  );
}

function reasonLine({ gate, reason }: Verdict): string {
  return `- ${code(gate, maximumGateLength)}: ${text(reason, 300)}`;
}

/** What would settle the inconclusive gates, one line each, at most five. */
export function settleLines(verdicts: readonly Verdict[]): string | null {
  const open = verdicts.filter(
    (verdict) => verdict.settle !== undefined && verdict.verdict === "inconclusive",
  );
  if (open.length === 0) return null;
  const lines = open
    .slice(0, 5)
    .map((verdict) => `- ${code(verdict.gate, maximumGateLength)}: ${text(verdict.settle ?? "", 300)}`);
  if (open.length > 5) lines.push(`- and ${count(open.length - 5)} more`);
  return `**What would settle it**\n\n${lines.join("\n")}`;
}

const columns: readonly MarkdownColumn[] = [
  { title: "Verdict", align: "left" },
  { title: "Gate", align: "left" },
  { title: "Observed", align: "right" },
  { title: "Bound", align: "right" },
  { title: "Interval", align: "center" },
  { title: "n", align: "right" },
  { title: "Why", align: "left" },
];

function row(verdict: Verdict): string[] {
  const { observed, bound, interval } = verdict;
  const show = formatter([observed, bound, ...(interval ?? [])], unitOf(verdict.metric));
  const shown = shownAs(verdict);
  const word = shown === "pass" || shown === "not judged" ? shown.replace(" ", "\u00a0") : `**${shown}**`;
  return [
    `${icons[shown]}\u00a0${word}`,
    code(verdict.gate, maximumGateLength),
    verdict.verdict === "fail" ? `**${show(observed)}**` : show(observed),
    bound === null ? "—" : `${sign(verdict)}\u00a0${show(bound)}`.trim(),
    intervalWords(interval, show),
    count(verdict.n),
    verdict.verdict === "pass" ? "" : text(verdict.reason, 300),
  ];
}

/** `1.21 … 5.74 %`: the unit once. */
function intervalWords(interval: Verdict["interval"], show: (value: number) => string): string {
  if (interval === null) return "—";
  const [low, high] = [show(interval[0]), show(interval[1])];
  const unit = /\u00a0\D+$/.exec(high)?.[0] ?? "";
  return `${unit !== "" && low.endsWith(unit) ? low.slice(0, -unit.length) : low}\u00a0…\u00a0${high}`;
}

function folded(rest: readonly Verdict[]): string {
  const words = (["fail", "inconclusive", "pass", "not judged"] as const)
    .map((name) => [name, rest.filter((verdict) => shownAs(verdict) === name).length] as const)
    .filter(([, number]) => number > 0)
    .map(([name, number]) => `${icons[name]} ${count(number)} ${name}`);
  const first = rest[0];
  const example =
    rest.length === 1 && first !== undefined ? ` (${codeInHtml(first.gate, maximumGateLength)})` : "";
  const more = rest.length - rowsFolded;
  const body = tableOf(rest.slice(0, rowsFolded));
  const note = more > 0 ? `\n\n*And ${count(more)} more: the metrics file has every gate.*` : "";
  return details(`More gates: ${words.join(", ")}${example}`, `${body}${note}`);
}
