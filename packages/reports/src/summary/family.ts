/** What asking many questions at once means for each of them. */
import type { Verdict } from "@ml-actions/gates/types";
import { count, counted } from "../figures.ts";
import { familySentence } from "../story/evaluation.ts";
import { gateOf, isUnjudged, worstFirst, wouldFailAlone } from "../verdicts.ts";
import { code, text } from "./markdown.ts";

const gatesShown = 5;
const groupsShown = 10;
const namesShown = 12;

/** That the questions share the chance of a wrong fail, and those that alone would have failed. */
export function familyLines(verdicts: readonly Verdict[], confidence: number): string | null {
  const sentence = familySentence(verdicts, confidence);
  if (sentence === null) return null;
  const alone = worstFirst(verdicts.filter(wouldFailAlone));
  const lines = alone
    .slice(0, gatesShown)
    .map(({ gate, reason }) => `- ${code(gate, 120)}: ${text(reason, 300)}`);
  if (alone.length > gatesShown) lines.push(`- and ${count(alone.length - gatesShown)} more`);
  const watch =
    lines.length === 0 ? "" : `\n\n**Alone these would have failed; watch them**\n\n${lines.join("\n")}`;
  return `${text(sentence)}${watch}`;
}

/** Slices with too few rows, by metric and column. */
export function unjudgedLines(verdicts: readonly Verdict[]): string | null {
  const groups = new Map<string, { value: string; n: number }[]>();
  for (const verdict of verdicts.filter(isUnjudged)) {
    const gate = gateOf(verdict);
    if (gate?.slice === undefined) continue;
    const name = `${code(gate.metric, 60)} by ${code(gate.slice.column, 60)}`;
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push({ value: gate.slice.value, n: verdict.n });
  }
  if (groups.size === 0) return null;
  const lines = [...groups].slice(0, groupsShown).map(([name, slices]) => {
    const most = slices.toSorted((a, b) => b.n - a.n).slice(0, namesShown);
    const names = most.map(({ value, n }) => `${code(value, 40)} (${counted(n, "row")})`);
    const more = slices.length > most.length ? ` and ${count(slices.length - most.length)} more` : "";
    return `- ${name}: ${names.join(", ")}${more}`;
  });
  if (groups.size > groupsShown) lines.push(`- and ${count(groups.size - groupsShown)} more gates`);
  return `**Not judged, for there is too little of them**\n\n${lines.join("\n")}`;
}
