import { answered, moments, runs } from "../data/over-time.ts";
import { figure, tick } from "../figures.ts";
import { html } from "../html/markup.ts";
import type { RolloutReportInput, SideObservation, Sides } from "../inputs.ts";
import { drawing, type Figure, height, type LegendEntry, path } from "./canvas.ts";
import { linear, logarithmic, rounded } from "./scale.ts";
import { timeAxis, timeFrame, timeInset } from "./timeline.ts";

type Quantile = "p50Ms" | "p99Ms";

/** Beyond this ratio between the slowest and the fastest, a linear axis would flatten one of them. */
const logarithmicFrom = 20;

/** Median and p99 of both sides; null when no moment has them. */
export function latencyPlot(id: string, input: RolloutReportInput): Figure | null {
  const observations = moments(input.observations);
  const series = (side: keyof Sides<unknown>, quantile: Quantile) =>
    observations.map((observation) => {
      const ms = answered(observation) ? positive(observation[side], quantile) : null;
      return ms === null ? null : { at: observation.at, ms };
    });
  const lines = [
    { name: "candidate", side: "candidate", quantile: "p99Ms", style: "" },
    { name: "candidate", side: "candidate", quantile: "p50Ms", style: "thin" },
    { name: "baseline", side: "stable", quantile: "p99Ms", style: "" },
    { name: "baseline", side: "stable", quantile: "p50Ms", style: "thin" },
  ] as const;
  const drawn = lines.map((line) => ({ ...line, moments: series(line.side, line.quantile) }));
  const all = drawn.flatMap((line) => line.moments.flatMap((moment) => (moment === null ? [] : [moment.ms])));
  if (all.length === 0) return null;
  const [low, high] = all.reduce(([least, most], ms) => [Math.min(least, ms), Math.max(most, ms)], [
    Infinity,
    0,
  ] as [number, number]);
  const range = [height - timeInset.bottom, timeInset.top] as const;
  const show = (ms: number) => tick(ms, "ms");
  const y =
    high / low > logarithmicFrom
      ? logarithmic([low * 0.8, high * 1.25], range, show)
      : linear([0, rounded([0, high * 1.1])[1]], range, show);
  const time = timeAxis(input);
  const content = drawn.map((line) =>
    runs(line.moments).map(
      (run) =>
        html`<path class="line ${line.style} ${line.name}" d="${path(run.map(({ at, ms }) => [time.at(at), y(ms)] as const))}"/>`,
    ),
  );
  const names = { candidate: input.candidate.label, stable: input.stable?.label ?? "stable" };
  const words = drawn.map((line) => {
    const last = line.moments.findLast((moment) => moment !== null) ?? null;
    return `${names[line.side]} ${line.quantile === "p99Ms" ? "p99" : "median"} ${figure(last?.ms ?? null, "ms")}`;
  });
  const marks: LegendEntry["mark"][] = ["candidate", "candidate-thin", "baseline", "baseline-thin"];
  return {
    title: "Latency",
    caption: `Median (thin) and 99th percentile of answered requests.${high / low > logarithmicFrom ? " The scale is logarithmic." : ""}`,
    legend: marks.map((mark, index) => ({ mark, words: words[index] ?? "" })),
    svg: drawing(
      { id, title: "Latency over time", description: `At the end: ${words.join(", ")}.` },
      timeFrame(id, input, time, y, "Latency", html`${content}`),
    ),
  };
}

const dayMs = 86_400_000;

/** A logarithm needs more than 0, and a quantile of 0 ms is below what buckets resolve; beyond a day it is no latency. */
function positive(side: SideObservation, quantile: Quantile): number | null {
  const ms = side[quantile];
  return ms !== null && Number.isFinite(ms) ? Math.min(dayMs, Math.max(0.01, ms)) : null;
}
