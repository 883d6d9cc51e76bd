import { answered } from "../data/over-time.ts";
import { duration, percent } from "../figures.ts";
import { html } from "../html/markup.ts";
import type { RolloutReportInput } from "../inputs.ts";
import { area, drawing, type Figure, height, path } from "./canvas.ts";
import { linear } from "./scale.ts";
import { timeAxis, timeFrame, timeInset } from "./timeline.ts";

/** The candidate's share over time: up in steps, and at the end up to 100 %, down to 0, or held. */
export function weightsPlot(id: string, input: RolloutReportInput): Figure {
  const { steps, outcome, run } = input;
  const time = timeAxis(input);
  const y = linear([0, 100], [height - timeInset.bottom, timeInset.top], percent);
  const points: [number, number][] = [[time.at(run.startedAt), y(0)]];
  let weight = 0;
  const turn = (moment: number, to: number) => {
    points.push([time.at(moment), y(weight)], [time.at(moment), y(to)]);
    weight = to;
  };
  for (const step of steps) turn(step.from, step.weightPercent);
  if (outcome.stage !== "held") turn(outcome.at, outcome.stage === "promoted" ? 100 : 0);
  points.push([time.at(Math.max(run.finishedAt, outcome.at)), y(weight)]);
  const floor = [
    [points[0]?.[0] ?? 0, y(0)],
    [points.at(-1)?.[0] ?? 0, y(0)],
  ] as const;
  const content = html`<path class="area candidate" d="${area(points, floor)}"/><path class="line candidate" d="${path(points)}"/>`;
  const blind = input.observations.every(answered) ? "" : " Grey stripes are moments without telemetry.";
  const took = steps
    .map((step) => `${percent(step.weightPercent)} for ${duration(step.to - step.from)}`)
    .join(", ");
  return {
    title: "Share of traffic",
    caption: `The candidate's share of requests as it was proven to be routed; in every plot here the upright line at the end is where it was ${outcome.stage}.${blind}`,
    legend: [{ mark: "candidate", words: input.candidate.label }],
    svg: drawing(
      {
        id,
        title: "Share of traffic over time",
        description: `${took === "" ? "No step" : took}; then ${outcome.stage}.`,
      },
      timeFrame(id, input, time, y, "Candidate's share", content),
    ),
  };
}
