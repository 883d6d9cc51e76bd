/**
 * Which of `size` points to draw so that a line through them looks like the line through all: of every part the lowest
 * and the highest, and the very first and last. Between them nothing that stands out is lost.
 *
 * @param partOf the part that a point lies in, never falling from one point to the next
 * @returns indices in order, at most two a part and two more
 */
export function keptByExtremes(
  size: number,
  partOf: (index: number) => number,
  heightOf: (index: number) => number,
): number[] {
  const kept = new Set<number>();
  for (let start = 0; start < size; ) {
    const part = partOf(start);
    let [lowest, highest, end] = [start, start, start + 1];
    for (; end < size && partOf(end) === part; end++) {
      if (heightOf(end) < heightOf(lowest)) lowest = end;
      if (heightOf(end) > heightOf(highest)) highest = end;
    }
    kept.add(lowest).add(highest);
    start = end;
  }
  if (size > 0) kept.add(0).add(size - 1);
  return [...kept].sort((a, b) => a - b);
}
