/** Pictures made of characters: they survive a job summary, a log and a terminal. */

const eighths = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** One block a value, lowest for `from`, highest for `to`; a gap (space) where there is no value. */
export function sparkline(values: readonly (number | null)[], from: number, to: number): string {
  const span = to - from;
  return values
    .map((value) => {
      if (value === null || !Number.isFinite(value)) return " ";
      const share = span > 0 ? (value - from) / span : 0;
      return eighths[Math.max(0, Math.min(7, Math.floor(share * 8)))] ?? " ";
    })
    .join("");
}

/** `███░░░░░░░` for 25 %: a filled block for every full or started tenth, so that 1 % differs from none. */
export function weightBar(percent: number, cells = 10): string {
  const share = Number.isFinite(percent) ? Math.max(0, Math.min(100, percent)) / 100 : 0;
  const filled = Math.ceil(share * cells - 1e-9);
  return "█".repeat(filled) + "░".repeat(cells - filled);
}

/** At most `size` of the values: the last of each equal part, so that the line ends with the newest. */
export function thinned<Value>(values: readonly Value[], size: number): Value[] {
  if (values.length <= size) return [...values];
  return Array.from(
    { length: size },
    (_, part) => values[Math.floor(((part + 1) * values.length) / size) - 1],
  ).filter((value) => value !== undefined);
}
