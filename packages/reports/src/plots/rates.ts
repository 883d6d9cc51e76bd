import { moments, type RateSeries, rateSeries, runs } from "../data/over-time.ts";
import { figure, tick } from "../figures.ts";
import { html, type Markup } from "../html/markup.ts";
import type { RolloutReportInput, SideObservation } from "../inputs.ts";
import { area, drawing, type Figure, height, path } from "./canvas.ts";
import { linear, rounded, type Scale } from "./scale.ts";
import { type TimeAxis, timeAxis, timeFrame, timeInset } from "./timeline.ts";

interface RateInput {
  title: string;
  caption: string;
  /** Whose bound is drawn: `error_rate`. */
  metric: string;
  count: (side: SideObservation) => number | null;
}

/** Cumulative rate of both sides with their bounds; null when no moment has it. */
export function ratePlot(id: string, input: RolloutReportInput, rate: RateInput): Figure | null {
  const { stable, candidate } = rateSeries(moments(input.observations), rate.count, input.confidence);
  const lastOf = (series: RateSeries) => series.findLast((moment) => moment !== null) ?? null;
  const [lastStable, lastCandidate] = [lastOf(stable), lastOf(candidate)];
  if (lastStable === null && lastCandidate === null) return null;
  const bound = input.steps.at(-1)?.verdicts.find((verdict) => verdict.metric === rate.metric)?.bound ?? null;
  // Bounds on the first requests reach to 100 %; they are cut off so that the rest can be read.
  const highest = Math.max(
    0.001,
    ...[...stable, ...candidate].map((moment) => moment?.rate ?? 0),
    lastStable?.high ?? 0,
    lastCandidate?.high ?? 0,
    bound ?? 0,
  );
  const top = Math.min(1, rounded([0, highest * 1.15])[1]);
  const y = linear([0, top], [height - timeInset.bottom, timeInset.top], (value) => tick(value, "share"));
  const time = timeAxis(input);
  const line =
    bound === null || bound > top
      ? null
      : html`<line class="bound" x1="${time.x(0)}" x2="${time.x(time.x.domain[1])}" y1="${y(bound)}" y2="${y(bound)}"/>`;
  const content = html`${band("baseline", stable, time, y)}${band("candidate", candidate, time, y)}${line}`;
  const names = { baseline: input.stable?.label ?? "stable", candidate: input.candidate.label };
  const words = (name: string, moment: typeof lastStable) =>
    `${name} ${figure(moment?.rate ?? null, "share")}`;
  return {
    title: rate.title,
    caption: rate.caption,
    legend: [
      { mark: "candidate", words: words(names.candidate, lastCandidate) },
      { mark: "baseline", words: words(names.baseline, lastStable) },
      ...(line === null ? [] : [{ mark: "bound" as const, words: `bound ${figure(bound, "share")}` }]),
    ],
    svg: drawing(
      {
        id,
        title: `${rate.title} over time`,
        description: `At the end: ${words(names.candidate, lastCandidate)}, ${words(names.baseline, lastStable)}${bound === null ? "" : `, bound ${figure(bound, "share")}`}.`,
      },
      timeFrame(id, input, time, y, rate.title, content),
    ),
  };
}

function band(name: "candidate" | "baseline", series: RateSeries, time: TimeAxis, y: Scale): Markup {
  const pieces = runs(series).map((run) => {
    const line = (pick: "rate" | "low" | "high") =>
      run.map((moment): [number, number] => [time.at(moment.at), y(Math.min(1, moment[pick]))]);
    return html`<path class="area ${name}" d="${area(line("high"), line("low"))}"/><path class="line ${name}" d="${path(line("rate"))}"/>`;
  });
  return html`${pieces}`;
}
