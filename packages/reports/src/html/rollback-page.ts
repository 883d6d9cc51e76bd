/** The HTML report of rollback. */
import { dateAndTime } from "../figures.ts";
import type { RollbackReportInput } from "../inputs.ts";
import { rollbackStory } from "../story/rollback.ts";
import { storyBanner } from "./evaluation-page.ts";
import { type Content, html } from "./markup.ts";
import { htmlPage } from "./page.ts";
import { card, facts, release, scrollTable } from "./parts.ts";

export function rollbackPage(input: RollbackReportInput): string {
  const story = rollbackStory(input);
  return htmlPage({
    title: story.headline,
    run: input.run,
    content: [
      storyBanner(story, input.url),
      input.interrupted === null
        ? null
        : card("A rollout was stopped for this", html`<p>${input.interrupted}</p>`),
      history(input),
      card(
        "Releases",
        facts([
          ["Serves now", release(input.to)],
          ["Served before", release(input.from)],
          ["Where", `${input.resource} on ${input.target}`],
          ["Asked for", input.asked],
        ]),
      ),
    ],
  });
}

function history({ history: entries }: RollbackReportInput): Content {
  if (entries.length === 0) return null;
  const rows = entries
    .slice(0, 10)
    .map((entry) => [release(entry.release), dateAndTime(entry.promotedAt), entry.how]);
  const columns = [{ title: "Release" }, { title: "Stable since" }, { title: "How" }];
  return card("History", scrollTable("Stable releases, newest first.", columns, rows));
}
