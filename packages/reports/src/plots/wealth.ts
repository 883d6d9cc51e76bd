import { type WealthLine, wealthLine } from "../data/wealth.ts";
import { html, type Markup } from "../html/markup.ts";
import type { GateWealth, RolloutReportInput } from "../inputs.ts";
import { drawing, type Figure, height, type LegendEntry, path, width } from "./canvas.ts";
import { clock, type Scale } from "./scale.ts";
import { mark } from "./slices.ts";
import { type TimeAxis, timeAxis, timeFrame, timeInset } from "./timeline.ts";

/** Powers of ten beyond a threshold that are drawn, and below 1: what lies further has long been decided. */
const decadesAbove = 1.5;
const decadesBelow = 3;

/** One gate's e-values over time on a logarithmic scale; null when nothing was ever weighed. */
export function wealthPlot(id: string, wealth: GateWealth, input: RolloutReportInput): Figure | null {
  const against = wealthLine(wealth, "fail");
  const favour = wealthLine(wealth, "pass");
  if (against.points.length === 0) return null;
  const time = timeAxis(input);
  const y = evidenceScale([against, favour]);
  const content = html`${bands(input, time)}${line("baseline", favour, time, y)}${line("candidate", against, time, y)}${thresholds(against, favour, time, y)}${reached("pass", favour, time, y)}${reached("fail", against, time, y)}`;
  const last = (found: WealthLine) => eValue(found.points.at(-1)?.log ?? 0);
  const ends = `Against the gate ${last(against)} of ${eValue(against.needed)} needed, for it ${last(favour)} of ${eValue(favour.needed)}.`;
  const when = [
    ...(against.reachedAt === null ? [] : [`Proven broken at ${moment(against.reachedAt, input)}.`]),
    ...(favour.reachedAt === null ? [] : [`Proven kept at ${moment(favour.reachedAt, input)}.`]),
  ];
  return {
    title: wealth.gate,
    caption: `After every window, how strongly all that was seen speaks for the gate being broken (solid) and for its being kept (dashed). ${[...when, ends].join(" ")}`,
    legend: legendOf(against, favour),
    svg: drawing(
      {
        id,
        title: `Evidence over time: ${wealth.gate}`,
        description: `${when.length === 0 ? "Never settled." : when.join(" ")} ${ends}`,
      },
      timeFrame(id, input, time, y, "e-value", content),
    ),
  };
}

function legendOf(against: WealthLine, favour: WealthLine): LegendEntry[] {
  return [
    { mark: "candidate", words: "broken" },
    { mark: "baseline", words: "kept" },
    { mark: "bound", words: "threshold" },
    ...(against.reachedAt === null ? [] : [{ mark: "fail" as const, words: "refuted" }]),
    ...(favour.reachedAt === null ? [] : [{ mark: "pass" as const, words: "proven" }]),
  ];
}

/** Ticks at powers of ten; the domain is in natural logarithms, for e-values of long rollouts overflow. */
function evidenceScale(lines: readonly WealthLine[]): Scale {
  const needed = Math.max(...lines.map((found) => found.needed)) / Math.LN10;
  const logs = lines.flatMap(({ points }) => points.map(({ log }) => log / Math.LN10));
  const highest = logs.reduce((most, log) => Math.max(most, log), 0);
  const lowest = logs.reduce((least, log) => Math.min(least, log), 0);
  const top = Math.ceil(Math.min(needed + decadesAbove, Math.max(highest, needed + 0.3)) * 2) / 2;
  const bottom = Math.max(-decadesBelow, Math.floor(lowest * 2) / 2) - 0.1;
  const [from, to] = [height - timeInset.bottom, timeInset.top];
  const decades = Array.from(
    { length: Math.floor(top) - Math.ceil(bottom) + 1 },
    (_, index) => Math.ceil(bottom) + index,
  );
  return Object.assign(
    (log: number) =>
      from + ((Math.min(top, Math.max(bottom, log / Math.LN10)) - bottom) / (top - bottom)) * (to - from),
    {
      domain: [bottom * Math.LN10, top * Math.LN10] as const,
      ticks: decades.map((decade) => decade * Math.LN10),
      format: (log: number) => powerOfTen(Math.round(log / Math.LN10)),
    },
  );
}

/** 0.01, 1, 1,000. */
function powerOfTen(decade: number): string {
  return decade < 0 ? (10 ** decade).toFixed(-decade) : (10 ** decade).toLocaleString("en-US");
}

/** `12`, `3.4`, `over a million`: the size of an e-value in words that a line of text has room for. */
function eValue(log: number): string {
  if (log > Math.log(1e6)) return "over a million";
  if (log < Math.log(0.001)) return "under 0.001";
  return Number(Math.exp(log).toPrecision(2)).toLocaleString("en-US");
}

function moment(at: number, { run, steps, observations }: RolloutReportInput): string {
  const start = Math.min(
    run.startedAt,
    steps[0]?.from ?? run.startedAt,
    observations[0]?.at ?? run.startedAt,
  );
  return clock(Math.max(0, at - start));
}

/** The candidate's share in each step as a stripe, the stronger the larger. */
function bands({ steps }: RolloutReportInput, time: TimeAxis): Markup {
  const [top, bottom] = [timeInset.top, height - timeInset.bottom];
  return html`${steps.map(({ from, to, weightPercent }) => {
    const [left, right] = [time.at(from), time.at(Math.max(from, to))];
    return html`<rect class="weight" x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" fill-opacity="${0.03 + 0.12 * Math.min(1, Math.max(0, weightPercent / 100))}"/>`;
  })}`;
}

/** Both thresholds with their names, the upper one's above its line, the lower one's below; on the side where no
 * threshold was crossed. */
function thresholds(against: WealthLine, favour: WealthLine, time: TimeAxis, y: Scale): Markup {
  const [left, right] = [time.x(0), time.x(time.x.domain[1])];
  const middle = (left + right) / 2;
  const crossed = [against, favour].flatMap(({ reachedAt }) =>
    reachedAt === null ? [] : [time.at(reachedAt)],
  );
  const early = crossed.filter((x) => x < middle).length;
  const [x, anchor] = early * 2 > crossed.length ? [right - 6, "end"] : [left + 5, "start"];
  const named = [
    { needed: against.needed, words: "proves it broken" },
    { needed: favour.needed, words: "proves it kept" },
  ].filter(({ needed }) => needed > 0);
  const highest = Math.max(...named.map(({ needed }) => needed));
  return html`${named.map(({ needed, words }) => {
    const down = needed < highest ? 14 : -6;
    return html`<line class="bound" x1="${left}" x2="${right}" y1="${y(needed)}" y2="${y(needed)}"/><text class="note" x="${x}" y="${y(needed) + down}" text-anchor="${anchor}">${words}</text>`;
  })}`;
}

function line(name: "candidate" | "baseline", { points }: WealthLine, time: TimeAxis, y: Scale): Markup {
  return html`<path class="line ${name}" d="${path(points.map(({ at, log }) => [time.at(at), y(log)] as const))}"/>`;
}

/** Where a threshold was crossed first: the verdict's own shape, and the word. */
function reached(
  verdict: "pass" | "fail",
  { reachedAt, needed }: WealthLine,
  time: TimeAxis,
  y: Scale,
): Markup | null {
  if (reachedAt === null) return null;
  const x = time.at(reachedAt);
  const left = x > width - 110;
  const words = verdict === "fail" ? "refuted" : "proven";
  return html`<g>${mark(verdict, x, y(needed))}<text class="written ${verdict}-text" x="${left ? x - 9 : x + 9}" y="${y(needed) - 6}" text-anchor="${left ? "end" : "start"}">${words}</text></g>`;
}
