/** The job summary of rollback. */
import { dateAndTime, duration } from "./figures.ts";
import type { RollbackReportInput } from "./inputs.ts";
import { cappedSections, code, details, link, table, text } from "./markdown.ts";
import { identityDetails, named, titled } from "./summary-parts.ts";

export function rollbackSummary(input: RollbackReportInput): string {
  const { from, to, run } = input;
  return cappedSections([
    `## ✅ ${rollbackHeadline(input, titled(to), text(input.resource, 80))}`,
    isNoChange(input)
      ? `It did already; nothing was changed on ${code(input.target, 40)}.`
      : `It replaced ${from === null ? "nothing" : named(from)} on ${code(input.target, 40)} in ${duration(run.finishedAt - run.startedAt)} (asked for: ${code(input.asked, 90)}). A release that was in production before needs no new evidence.`,
    input.interrupted === null ? null : `**A rollout was stopped for this:** ${text(input.interrupted, 300)}`,
    `**What now:** ${from === null || isNoChange(input) ? "nothing to do." : `find what was wrong with ${named(from)} before it is deployed again.`}${input.url === null ? "" : ` ${link("Try it", input.url)}`}`,
    history(input),
    identityDetails(
      [
        ["serves now", to],
        ["served before", from],
      ],
      run,
    ),
  ]);
}

/** `name` and `resource` escaped for where the line goes. */
export function rollbackHeadline(input: RollbackReportInput, name: string, resource: string): string {
  return isNoChange(input)
    ? `${name} serves 100 % of ${resource}`
    : `${name} is back: it serves 100 % of ${resource}`;
}

export function isNoChange({ from, to }: RollbackReportInput): boolean {
  return from !== null && from.digest !== null && from.digest === to.digest;
}

function history({ history: entries }: RollbackReportInput): string | null {
  if (entries.length === 0) return null;
  const columns = ["Release", "Digest", "Stable since", "How"].map(
    (title) => ({ title, align: "left" }) as const,
  );
  const rows = entries
    .slice(0, 10)
    .map(({ release, promotedAt, how }) => [
      named(release),
      release.digest === null ? "—" : code(release.digest, 80),
      dateAndTime(promotedAt),
      text(how, 100),
    ]);
  return details(`Stable releases, newest first (${rows.length})`, table(columns, rows));
}
