import { overall } from "@ml-actions/gates/overall";
import { shortened } from "../clean.ts";
import { count, counted, dateAndTime } from "../figures.ts";
import type { DriftReportInput } from "../inputs.ts";
import { confidenceWords, decidedBy, gateCount, type Story } from "./story.ts";

/** More names than this in a headline are a list, which the table is. */
const namesShown = 3;

export function driftStory(input: DriftReportInput): Story {
  const { reference, current, gates, features } = input;
  return {
    verdict: overall(gates),
    headline: headline(input),
    decided: decidedBy(gates),
    sentence: `${count(current.rows)} rows of ${current.name} against ${count(reference.rows)} of ${reference.name}: ${counted(features.length, "feature")}, judged on ${dateAndTime(input.run.startedAt)}. ${falseAlarmWords(input.confidence)}`,
    whatNow: whatNow(input),
  };
}

/** What Benjamini-Hochberg holds when no feature has drifted. */
export function falseAlarmWords(confidence: number): string {
  return `When nothing has drifted, at most ${confidenceWords(1 - confidence)} of runs raise a false alarm over all features together.`;
}

function headline({ gates, features, current }: DriftReportInput): string {
  if (gates.length === 0) return `${current.name} was not judged: there is no gate`;
  const drifted = features.filter((feature) => feature.drifted).map(({ feature }) => shortened(feature, 40));
  const of = `of ${counted(features.length, "feature")} drifted`;
  if (drifted.length > 0) {
    const names = drifted.slice(0, namesShown).join(", ");
    const more = drifted.length > namesShown ? ` and ${count(drifted.length - namesShown)} more` : "";
    return `${count(drifted.length)} ${of}: ${names}${more}`;
  }
  switch (overall(gates)) {
    case "pass":
      return `No drift: ${current.name} passed ${gateCount(gates, "pass")}`;
    case "fail":
      return `${current.name} failed ${gateCount(gates, "fail")}`;
    case "inconclusive":
      return `${current.name} is undecided: ${gateCount(gates, "inconclusive")} could not be settled`;
  }
}

function whatNow({ gates, features }: DriftReportInput): string {
  if (gates.length === 0) return `Name at least one gate; without one nothing is watched.`;
  switch (overall(gates)) {
    case "pass":
      return `Nothing to do.`;
    case "fail": {
      const [worst] = features.filter((feature) => feature.drifted);
      const look = worst === undefined ? "" : ` Look first at ${worst.feature}.`;
      return `Find out whether the source of the data changed or the world did: a broken source is repaired, a changed world needs a new model.${look}`;
    }
    case "inconclusive":
      return `Nothing is shown either way. The reasons below say what is missing.`;
  }
}
