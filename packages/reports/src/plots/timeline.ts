/** What the plots of a rollout share: time on x, the steps, where telemetry was blind, where it ended. */
import { blindSpots } from "../data/over-time.ts";
import { percent } from "../figures.ts";
import { html, type Markup } from "../html/markup.ts";
import type { RolloutReportInput } from "../inputs.ts";
import { axes, height, type Inset, usualInset, width } from "./canvas.ts";
import { elapsed, type Scale } from "./scale.ts";

/** Room above the plot for the weights. */
export const timeInset: Inset = { ...usualInset, left: 64, top: 24 };

export interface TimeAxis {
  x: Scale;
  /** Position of a moment in ms since 1970. */
  at: (moment: number) => number;
}

export function timeAxis({ run, outcome, steps, observations }: RolloutReportInput): TimeAxis {
  const start = Math.min(
    run.startedAt,
    steps[0]?.from ?? run.startedAt,
    observations[0]?.at ?? run.startedAt,
  );
  const end = Math.max(run.finishedAt, outcome.at, observations.at(-1)?.at ?? start);
  const x = elapsed(end - start, [timeInset.left, width - timeInset.right]);
  const inside = (moment: number) => Math.min(x.domain[1], Math.max(0, moment - start));
  return { x, at: (moment) => x(inside(moment)) };
}

/** Axes with steps marked above; `content` is drawn clipped to the frame, since early bounds reach far out of it. */
export function timeFrame(
  id: string,
  input: RolloutReportInput,
  time: TimeAxis,
  y: Scale,
  name: string,
  content: Markup,
): Markup {
  const [top, bottom] = [timeInset.top, height - timeInset.bottom];
  const clip = `${id}-clip`;
  let lastWords = Number.NEGATIVE_INFINITY;
  const steps = input.steps.map((step) => {
    const x = time.at(step.from);
    const words = x - lastWords >= 34 ? percent(step.weightPercent) : null;
    if (words !== null) lastWords = x;
    return html`<line class="step" x1="${x}" x2="${x}" y1="${top - 4}" y2="${bottom}"/>${words === null ? null : html`<text class="tick" x="${x + 3}" y="${top - 8}">${words}</text>`}`;
  });
  const blind = blindSpots(input.observations).map(({ from, to, problem }) => {
    const [left, right] = [time.at(from), time.at(to)];
    return html`<g><title>No telemetry: ${problem}</title><rect class="blind" x="${left}" y="${top}" width="${Math.max(2, right - left)}" height="${bottom - top}"/></g>`;
  });
  return html`<clipPath id="${clip}"><rect x="${timeInset.left}" y="${top}" width="${width - timeInset.left - timeInset.right}" height="${bottom - top}"/></clipPath>${axes(time.x, y, { x: "Time since the start", y: name }, timeInset)}<g aria-hidden="true">${steps}</g>${blind}<g clip-path="url(#${clip})">${content}</g>${outcomeLine(input, time, top, bottom)}`;
}

function outcomeLine({ outcome }: RolloutReportInput, time: TimeAxis, top: number, bottom: number): Markup {
  const x = time.at(outcome.at);
  const style = { promoted: "pass", restored: "fail", held: "inconclusive" }[outcome.stage];
  return html`<g><title>${outcome.stage}</title><line class="outcome ${style}" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/></g>`;
}
