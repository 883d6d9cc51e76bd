/** Both sides over time in a row of characters each: when it began tells as much as how bad it was. */
import { answered } from "../data/over-time.ts";
import { figure, type Unit } from "../figures.ts";
import { sparkline, thinned } from "../glyphs.ts";
import type { RolloutReportInput, SideObservation, Sides } from "../inputs.ts";
import { code, table } from "./markdown.ts";

/** As many blocks as fit a table cell without wrapping. */
const cells = 24;

interface Line {
  title: string;
  unit: Unit;
  value: (side: SideObservation) => number | null;
}

const lines: readonly Line[] = [
  { title: "Failed", unit: "share", value: ({ errors, requests }) => share(errors, requests) },
  { title: "Answered with NaN", unit: "share", value: ({ nan, requests }) => share(nan, requests) },
  { title: "Latency, p99", unit: "ms", value: ({ p99Ms }) => p99Ms },
];

/** From the first look to the last, a gap where the source could not tell; null when there is no line to draw. */
export function overTimeTable({ observations, stable, candidate }: RolloutReportInput): string | null {
  const looks = thinned(observations, cells);
  const rows = lines.flatMap(({ title, unit, value }) => {
    const series = (side: keyof Sides<unknown>) =>
      looks.map((look) => (answered(look) ? value(look[side]) : null));
    const [ours, theirs] = [series("candidate"), series("stable")];
    const largest = Math.max(0, ...[...ours, ...theirs].filter((each) => each !== null));
    if (ours.every((each) => each === null)) return [];
    const cell = (values: readonly (number | null)[]) =>
      `\`${sparkline(values, 0, largest)}\`\u00a0${figure(values.findLast((each) => each !== null) ?? null, unit)}`;
    return [[title, cell(ours), cell(theirs)]];
  });
  if (rows.length === 0) return null;
  const titles = ["Since the start", code(candidate.label, 40), code(stable?.label ?? "stable", 40)];
  return table(
    titles.map((title) => ({ title, align: "left" }) as const),
    rows,
  );
}

function share(events: number | null, requests: number): number | null {
  return events === null || requests <= 0 ? null : events / requests;
}
