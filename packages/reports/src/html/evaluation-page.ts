/** The HTML report of eval-gate, and the parts that shadow shares with it. */
import type { PlotRows } from "../data/rows.ts";
import { count } from "../figures.ts";
import type { Decision, EvaluationReportInput } from "../inputs.ts";
import { evaluationStory, familySentence } from "../story/evaluation.ts";
import type { Story } from "../story/story.ts";
import { evaluationFigures } from "./evaluation-figures.ts";
import { gatesTable } from "./gates.ts";
import { type Content, html } from "./markup.ts";
import { htmlPage, webLink } from "./page.ts";
import { banner, card, configurationFact, facts, list, metricsTable, plots, release } from "./parts.ts";

/** @param rows null when only metrics are at hand: the page has no curves then. */
export function evaluationPage(input: EvaluationReportInput, rows: PlotRows | null): string {
  const { candidate, baseline, dataset } = input;
  const story = evaluationStory(input);
  const names = { candidate: candidate.label, baseline: baseline?.label ?? "baseline" };
  return htmlPage({
    title: story.headline,
    run: input.run,
    content: [
      storyBanner(story),
      gatesCard(input, familySentence(input.verdicts, input.confidence)),
      plots(evaluationFigures(rows, input, names)),
      sentences(input),
      metricsTable(input.metrics, { candidate: candidate.label, baseline: baseline?.label ?? null }),
      card(
        "Releases and data",
        facts([
          ["Candidate", release(candidate)],
          ["Baseline", release(baseline)],
          ["Dataset", release({ label: dataset.name, digest: dataset.digest })],
          ["Version", dataset.version ?? "none"],
          ["Rows", count(dataset.rows)],
          ["Task", input.task],
          ...configurationFact(input.run),
        ]),
      ),
    ],
  });
}

/** The top of every page. */
export function storyBanner(story: Story, address: string | null = null): Content {
  const { decided } = story;
  const why: Content =
    decided === null
      ? null
      : decided.gate === null
        ? decided.reason
        : html`<code>${decided.gate}</code>: ${decided.reason}`;
  return banner({
    verdict: story.verdict,
    headline: story.headline,
    sentence: story.sentence,
    points: [
      ...(why === null ? [] : [["What decided it", why] as [string, Content]]),
      ["What now", html`${story.whatNow} ${webLink("Try it", address)}`],
    ],
  });
}

export function gatesCard(input: Decision, family: string | null = null): Content {
  const caption = `The shaded side is allowed, the upright line is the bound. Each end of an interval holds with ${Number((input.confidence * 100).toFixed(3))} % confidence; the rule is ${input.rule}.${family === null ? "" : ` ${family}`}`;
  return card("Gates", gatesTable(input.verdicts, caption));
}

export function sentences({ power, notes }: { power: readonly string[]; notes: readonly string[] }): Content {
  if (power.length + notes.length === 0) return null;
  const part = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? null : html`<h3>${title}</h3>${list(lines.slice(0, 100))}`;
  return html`<section class="card">${part("What this sample can prove", power)}${part("Notes", notes)}</section>`;
}
