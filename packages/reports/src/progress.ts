/** The one line that deploy logs an interval: where it is, what both sides did, how close each gate is. */
import type { OnlineVerdict } from "@ml-actions/gates/judge";
import type { TelemetryProblem } from "@ml-actions/gates/types";
import { shortened } from "./clean.ts";
import { count, percent } from "./figures.ts";
import { weightBar } from "./glyphs.ts";
import type { Sides } from "./inputs.ts";

type GateProgress = Pick<OnlineVerdict, "metric" | "verdict" | "observed" | "progress" | "leaning">;

export interface Progress {
  weightPercent: number;
  /** Since this step began. */
  elapsedMs: number;
  requests: Sides<number>;
  failures: Sides<number>;
  verdicts: readonly GateProgress[];
  /** Set when the source could not answer: shown instead of the gates, which did not move. */
  problem?: TelemetryProblem;
}

/** Logged once before the first line. */
export const progressLegend =
  "candidate's share, time at it │ failed/all requests │ gates: ▲ so near to pass, ▼ so near to fail, ✔ ✘ settled";

/** A log in GitHub's page and a usual terminal show this much without wrapping. */
const columns = 120;
const problems: Readonly<Record<TelemetryProblem, string>> = {
  outage: "no telemetry: the source is down",
  "no-traffic": "no traffic yet",
  ambiguous: "telemetry is ambiguous",
  "not-a-number": "telemetry says NaN",
};

/**
 * ` 10 % █░░░░░░░░░  0:42 │ failed: candidate 2/480, stable 0/4,320 │ error_rate ▲62%  latency.p99 ✔  nan_rate ✔`
 *
 * At most 120 columns and one line whatever the names are: gates that do not fit are counted, the worst are shown.
 */
export function progressLine(progress: Progress): string {
  const side = (name: keyof Sides<number>) =>
    `${name} ${count(progress.failures[name])}/${count(progress.requests[name])}`;
  const share = percent(progress.weightPercent).replace("\u00a0", " ").padStart(5);
  const place = `${share} ${weightBar(progress.weightPercent)} ${clock(progress.elapsedMs)}`;
  const head = `${place} │ failed: ${side("candidate")}, ${side("stable")}`;
  if (progress.problem !== undefined) return `${head} │ ${problems[progress.problem]}`;
  return `${head}${gates(progress.verdicts, columns - head.length)}`;
}

function gateMark({ metric, verdict, observed, progress, leaning }: GateProgress): string {
  // The runner takes `##[` anywhere in a line for a command; line breaks are gone already.
  const name = shortened(metric, 32).replaceAll("##[", "## [");
  if (verdict === "fail") return `${name} ✘`;
  if (observed === null) return `${name} –`;
  if (progress >= 1) return `${name} ${leaning === "pass" ? "✔" : "✘"}`;
  return `${name} ${leaning === "pass" ? "▲" : "▼"}${Math.floor(Math.max(0, progress) * 100)}%`;
}

/** In the gates' own order, so that columns stay where they are from line to line, as long as all fit. */
function gates(verdicts: readonly GateProgress[], room: number): string {
  const separator = " │ ";
  const all = verdicts.map(gateMark).join("  ");
  if (all === "") return "";
  if (separator.length + all.length <= room) return separator + all;
  const nearest = verdicts.toSorted((a, b) => urgency(b) - urgency(a)).map(gateMark);
  let line = "";
  for (const [index, mark] of nearest.entries()) {
    const rest = `+${count(nearest.length - index)}`;
    const piece = index === 0 ? mark : `  ${mark}`;
    if (separator.length + line.length + piece.length + rest.length + 2 > room) {
      return `${separator}${line}${line === "" ? "" : "  "}${rest}`;
    }
    line += piece;
  }
  return separator + line;
}

/** Failed first, then the nearest to failing; the nearest to passing last. */
function urgency({ verdict, progress, leaning }: GateProgress): number {
  return verdict === "fail" ? 2 : leaning === "fail" ? progress : -progress;
}

function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const last = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${last}` : `${String(minutes).padStart(2)}:${last}`;
}
