import { holmRejections } from "../statistics/holm.ts";
import { positionOf } from "./decide.ts";
import type { Measured } from "./examine.ts";

/** The questions that can block by chance, which are all that rest on an interval: every gate, for every value of its
 * slice, that is decided by `refute` or `prove`. */
export interface Family {
  size: number;
  /** Whether the bound is broken with the confidence that the whole family asks for. */
  refutes(question: Measured): boolean;
}

/**
 * Holm's procedure over the questions, so that the chance that any of them fails a candidate that keeps all its bounds
 * is at most 1 − confidence, however many gates and slices there are. Whether a question belongs does not depend on how
 * well the candidate did: the point estimates of `estimate` and samples too small for an interval are left out.
 */
export function familyOf(questions: readonly Measured[], confidence: number): Family {
  const members = questions.flatMap((question) => {
    const { rule, uncertainty } = question;
    return rule === "estimate" || uncertainty === null ? [] : [{ question, uncertainty }];
  });
  const rejections = holmRejections(
    members.map(({ question: { gate, bound }, uncertainty }) => (level) => {
      const interval = uncertainty.at(level);
      return positionOf({ comparison: gate.comparison, bound, interval }) === "wrong";
    }),
    confidence,
  );
  const refuted = new Set(members.filter((_, i) => rejections[i]).map(({ question }) => question));
  return { size: members.length, refutes: (question) => refuted.has(question) };
}
