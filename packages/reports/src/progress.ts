/** The one line that deploy logs an interval: where it is, what both sides did, how close each gate is. */
import type { TelemetryProblem, Verdict } from "@ml-actions/gates/types";
import { shortened } from "./clean.ts";
import { count, percent } from "./figures.ts";
import { weightBar } from "./glyphs.ts";
import type { Sides } from "./inputs.ts";
import { closeness, leansToPass, worstFirst } from "./verdicts.ts";

export interface Progress {
  weightPercent: number;
  /** Since this step began. */
  elapsedMs: number;
  requests: Sides<number>;
  failures: Sides<number>;
  verdicts: readonly Verdict[];
  /** Set when the source could not answer: shown instead of the gates, which did not move. */
  problem?: TelemetryProblem;
}

/** A log in GitHub's page and a usual terminal show this much without wrapping. */
const columns = 120;
const problems: Readonly<Record<TelemetryProblem, string>> = {
  outage: "no telemetry: source is down",
  "no-traffic": "no traffic yet",
  ambiguous: "telemetry is ambiguous",
  "not-a-number": "telemetry says NaN",
};

/**
 * ` 25 % ███░░░░░░░  0:42 │ stable 3,120 req 0 failed │ candidate 1,040 req 2 failed │ ✔ nan_rate  error_rate →pass 62 %`
 *
 * At most 120 columns: gates that do not fit are counted.
 */
export function progressLine(progress: Progress): string {
  const side = (name: keyof Sides<number>) =>
    `${name} ${count(progress.requests[name])} req ${count(progress.failures[name])} failed`;
  const head = [
    `${percent(progress.weightPercent).replace("\u00a0", " ").padStart(5)} ${weightBar(progress.weightPercent)} ${clock(progress.elapsedMs)}`,
    side("stable"),
    side("candidate"),
  ].join(" │ ");
  if (progress.problem !== undefined) return `${head} │ ${problems[progress.problem]}`;
  return `${head}${gates(progress.verdicts, columns - head.length)}`;
}

/** `✔ nan_rate`, `✘ error_rate`, or `latency.p99 →pass 62 %`: that much of the evidence is there, and for what. */
function gateMark(verdict: Verdict): string {
  // `##[` anywhere in a line is a workflow command to the runner; shortened() has removed line breaks already.
  const name = shortened(verdict.metric, 32).replaceAll("##[", "## [");
  if (verdict.verdict === "pass") return `✔ ${name}`;
  if (verdict.verdict === "fail") return `✘ ${name}`;
  const near = closeness(verdict);
  const lean = leansToPass(verdict);
  if (near === null || lean === null) return `… ${name}`;
  return `${name} →${lean ? "pass" : "fail"} ${Math.floor(near * 100)} %`;
}

function gates(verdicts: readonly Verdict[], space: number): string {
  const marks = worstFirst(verdicts).map(gateMark);
  let line = "";
  for (const [index, mark] of marks.entries()) {
    const piece = `${index === 0 ? " │ " : "  "}${mark}`;
    const left = marks.length - index - 1;
    const room = space - (left > 0 ? `  +${count(left)}`.length : 0);
    if (line.length + piece.length > room) {
      return `${line}${index === 0 ? " │ " : "  "}+${count(marks.length - index)}`;
    }
    line += piece;
  }
  return line;
}

function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${String(minutes).padStart(2)}:${two(seconds % 60)}`;
}
