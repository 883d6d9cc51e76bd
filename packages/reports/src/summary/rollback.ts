/** The job summary of rollback. */
import { dateAndTime } from "../figures.ts";
import type { RollbackReportInput } from "../inputs.ts";
import { rollbackStory } from "../story/rollback.ts";
import { cappedSections, code, details, link, table, text } from "./markdown.ts";
import { identity, identityDetails, opening } from "./parts.ts";
import { placeLine } from "./place.ts";

export function rollbackSummary(input: RollbackReportInput): string {
  const { interrupted, url } = input;
  return cappedSections([
    opening(rollbackStory(input), url === null ? "" : link("Try it", url)),
    placeLine(input),
    interrupted === null ? null : `**A rollout was stopped for this:** ${text(interrupted, 300)}`,
    history(input),
    identityDetails(
      [
        ["serves now", input.to],
        ["served before", input.from],
      ],
      input.run,
    ),
  ]);
}

function history({ history: entries }: RollbackReportInput): string | null {
  if (entries.length === 0) return null;
  const columns = ["Release", "Digest", "Stable since", "How"].map(
    (title) => ({ title, align: "left" }) as const,
  );
  const rows = entries
    .slice(0, 10)
    .map(({ release, promotedAt, how }) => [
      code(release.label, 80),
      identity(release) ?? "—",
      dateAndTime(promotedAt),
      text(how, 100),
    ]);
  return details(`Stable releases, newest first (${rows.length})`, table(columns, rows));
}
