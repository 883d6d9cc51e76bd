import type { WaveResource, WavesReportInput } from "../cluster-inputs.ts";
import { count, counted } from "../figures.ts";
import type { Story } from "./story.ts";

export function wavesStory({ resources, candidate, run }: WavesReportInput): Story {
  const of = (...stages: WaveResource["stage"][]) =>
    resources.filter(({ stage }) => stages.includes(stage)).length;
  const promoted = of("promoted");
  const troubled = of("failed", "restored", "held");
  const left = of("not-begun");
  const first = resources.find(({ stage }) => ["failed", "restored", "held"].includes(stage));
  const worst = of("failed", "restored") > 0 ? "fail" : promoted < resources.length ? "inconclusive" : "pass";
  const words = [
    [of("restored"), "restored"],
    [of("held"), "held"],
    [of("failed"), "ended with an error"],
    [left, "not begun"],
  ] as const;
  const others = words.filter(([number]) => number > 0).map(([number, word]) => `${count(number)} ${word}`);
  const minutes = Math.max(1, Math.round((run.finishedAt - run.startedAt) / 60_000));
  return {
    verdict: worst,
    headline: `${candidate.label} serves ${count(promoted)} of ${counted(resources.length, "resource")}${others.length === 0 ? "" : `: ${others.join(", ")}`}`,
    decided: first === undefined ? null : { gate: first.resource, reason: first.reason },
    sentence:
      troubled === 0 && left === 0
        ? `Every resource was judged by itself, in ${counted(minutes, "minute")}.`
        : "Every resource is judged by itself. After the first that was not promoted nothing more was begun; what had been promoted before serves the candidate still.",
    whatNow:
      worst === "pass"
        ? "Nothing to do."
        : "Find the cause, then deploy again: what serves the candidate already is left as it is. Or take those back: run rollback on the same resources.",
  };
}
