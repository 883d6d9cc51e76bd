import { duration } from "../figures.ts";
import type { RollbackReportInput } from "../inputs.ts";
import type { Story } from "./story.ts";

export function rollbackStory(input: RollbackReportInput): Story {
  const { from, to, target, resource, run } = input;
  if (from !== null && from.digest !== null && from.digest === to.digest) {
    return {
      verdict: "pass",
      headline: `${to.label} serves 100\u00a0% of ${resource}`,
      decided: null,
      sentence: `It did already; nothing was changed on ${target}.`,
      whatNow: "Nothing to do.",
    };
  }
  const replaced = from === null ? "It serves" : `It replaced ${from.label}`;
  return {
    verdict: "pass",
    headline: `${to.label} is back: it serves 100\u00a0% of ${resource}`,
    decided: null,
    sentence: `${replaced} on ${target} within ${duration(run.finishedAt - run.startedAt)} (asked for: ${input.asked}). A release that was in production before needs no new evidence.`,
    whatNow:
      from === null
        ? "Nothing to do."
        : `Find out what was wrong with ${from.label} before it is deployed again.`,
  };
}
