import type { CategoryCounts } from "./category-sketch.ts";
import type { ColumnProfile, Profile } from "./profile.ts";
import { writeCells, writeRuns } from "./profile-cells.ts";

export const profileSchema = "ml-actions/drift-profile/v1";

/** The profile as JSON text, a column a line: the same profile is the same text. */
export function formatProfile({ rows, columns }: Profile): string {
  const lines = Array.from(columns, ([name, column]) => JSON.stringify({ name, ...written(column) }));
  const list = lines.length === 0 ? "" : `\n${lines.join(",\n")}\n`;
  return `{"schema":${JSON.stringify(profileSchema)},"rows":${rows},"columns":[${list}]}\n`;
}

/** What is none is left out. */
function written(column: ColumnProfile): Record<string, unknown> {
  const missing = {
    ...(column.missing === 0 ? {} : { missing: column.missing }),
    ...(column.nan === 0 ? {} : { nan: column.nan }),
  };
  if (column.kind === "categorical")
    return { kind: column.kind, ...missing, ...writtenCounts(column.categories) };
  const { negativeInfinity, positiveInfinity, minimum, maximum, cells } = column;
  return {
    kind: column.kind,
    ...missing,
    ...(negativeInfinity + positiveInfinity === 0 ? {} : { infinite: [negativeInfinity, positiveInfinity] }),
    ...(minimum === null ? {} : { range: [minimum, maximum] }),
    level: cells.level,
    cells: writeCells(cells),
  };
}

function writtenCounts(categories: CategoryCounts): Record<string, unknown> {
  return categories.by === "name"
    ? { names: categories.names, counts: [...categories.counts] }
    : {
        dropped: categories.dropped,
        buckets: writeRuns(Array.from(categories.buckets, BigInt), categories.counts),
      };
}
