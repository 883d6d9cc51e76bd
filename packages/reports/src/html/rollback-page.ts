/** The HTML report of rollback. */
import { dateAndTime } from "../figures.ts";
import type { RollbackReportInput } from "../inputs.ts";
import { rollbackStory } from "../story/rollback.ts";
import { storyBanner } from "./evaluation-page.ts";
import { type Content, html } from "./markup.ts";
import { htmlPage } from "./page.ts";
import { card, facts, release } from "./parts.ts";

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
    .map(
      (entry) =>
        html`<tr><th scope="row">${release(entry.release)}</th><td>${dateAndTime(entry.promotedAt)}</td><td>${entry.how}</td></tr>`,
    );
  return card(
    "History",
    html`<div class="scroll" tabindex="0" role="region" aria-label="History"><table><caption>Stable releases, newest first.</caption><thead><tr><th scope="col">Release</th><th scope="col">Stable since</th><th scope="col">How</th></tr></thead><tbody>${rows}</tbody></table></div>`,
  );
}
