/** The path of a rollout as a mermaid flowchart, which GitHub draws inside Markdown. */

import { overall } from "@ml-actions/gates/overall";
import { oneLine } from "../clean.ts";
import { count, counted, duration, percent } from "../figures.ts";
import type { RolloutReportInput, RolloutStep } from "../inputs.ts";
import { missedPercents } from "../story/rollout.ts";
import { icons, worstFirst } from "../verdicts.ts";

/** More boxes than this in one line are too small to read. */
const boxesShown = 7;

interface Box {
  label: string;
  style: "pass" | "fail" | "inconclusive" | "plain" | "missed";
}

/** Colours readable on GitHub's light and dark page: fill, line and text are all ours. */
const styles = [
  "classDef pass fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
  "classDef fail fill:#ffebe9,stroke:#cf222e,color:#1f2328",
  "classDef inconclusive fill:#fff8c5,stroke:#9a6700,color:#1f2328",
  "classDef plain fill:#f6f8fa,stroke:#59636e,color:#1f2328",
  "classDef missed fill:#f6f8fa,stroke:#818b98,color:#59636e,stroke-dasharray:4 3",
];

/** Weights in order, what came of each, where it was taken back, and what was not reached. */
export function rolloutPath(input: RolloutReportInput): string {
  const walked = shortenedPath(input.steps.map((step, index) => stepBox(step, input, index)));
  const missed = missedPercents(input).map(
    (weight): Box => ({ label: `${percent(weight)}<br>not reached`, style: "missed" }),
  );
  const lines = ["flowchart LR"];
  walked.forEach((box, index) => {
    lines.push(`  s${index}["${box.label}"]:::${box.style}`);
    if (index > 0) lines.push(`  s${index - 1} --> s${index}`);
  });
  lines.push(...ending(input, walked.length));
  shortenedPath(missed).forEach((box, index) => {
    lines.push(`  m${index}["${box.label}"]:::${box.style}`);
    const before = index === 0 ? `s${walked.length - 1}` : `m${index - 1}`;
    if (index > 0 || walked.length > 0) lines.push(`  ${before} -.-> m${index}`);
  });
  return ["```mermaid", ...lines, ...styles.map((style) => `  ${style}`), "```"].join("\n");
}

function stepBox(step: RolloutStep, input: RolloutReportInput, index: number): Box {
  const last = index === input.steps.length - 1;
  const took = duration(step.to - step.from);
  const failed = step.failures.candidate > 0 ? ` · ${count(step.failures.candidate)} failed` : "";
  const verdict = last && input.outcome.stage === "restored" ? input.outcome.verdict : overall(step.verdicts);
  const style = step.verdicts.length === 0 && !last ? "plain" : verdict;
  const heading = `${style === "plain" ? "" : `${icons[style]} `}<b>${percent(step.weightPercent)}</b> · ${took}`;
  return { label: `${heading}<br>${counted(step.requests.candidate, "request")}${failed}`, style };
}

function ending(input: RolloutReportInput, boxes: number): string[] {
  const { outcome, stable, candidate } = input;
  const from = boxes > 0 ? `s${boxes - 1}` : null;
  const name = inLabel((outcome.stage === "promoted" ? candidate : (stable ?? candidate)).label);
  const edge = (words: string, arrow: string) =>
    from === null ? [] : [`  ${from} ${arrow}|"${words}"| done`];
  switch (outcome.stage) {
    case "promoted":
      return [`  done(["<b>${name}</b> serves 100 %"]):::pass`, ...edge("promoted", "==>")];
    case "restored": {
      const decided = worstFirst(input.steps.at(-1)?.verdicts ?? [])[0];
      const why = decided === undefined || decided.verdict === "pass" ? "" : `: ${inLabel(decided.metric)}`;
      return [`  done(["<b>${name}</b> serves 100 %"]):::plain`, ...edge(`taken back${why}`, "==>")];
    }
    case "held":
      return [`  done(["held for a person"]):::inconclusive`, ...edge("held", "==>")];
  }
}

/** The first and the last boxes with a count between them. */
function shortenedPath(boxes: readonly Box[]): Box[] {
  if (boxes.length <= boxesShown) return [...boxes];
  const left = boxes.slice(0, 3);
  const right = boxes.slice(-(boxesShown - 4));
  const hidden = boxes.length - left.length - right.length;
  return [...left, { label: `… ${hidden} more …`, style: "plain" }, ...right];
}

/** A label is HTML inside a quoted mermaid string: letters, digits and harmless signs stay, the rest becomes a dot. */
function inLabel(value: string): string {
  return oneLine(value, 40).replace(/[^\p{L}\p{N} ._:/=+-]/gu, "·") || "·";
}
