import type { Side } from "./side.ts";

/** A reason why a side has no such metric, or undefined. */
export type Requirement = (side: Side) => string | undefined;

export function firstUnmet(requirements: readonly Requirement[]): Requirement {
  return (side) => {
    for (const requirement of requirements) {
      const reason = requirement(side);
      if (reason !== undefined) {
        return reason;
      }
    }
    return undefined;
  };
}

export const positives: Requirement = ({ labels }) =>
  labels.includes(1) ? undefined : "no row is labelled positive";

export const negatives: Requirement = ({ labels }) =>
  labels.includes(0) ? undefined : "no row is labelled negative";

export const probabilities: Requirement = ({ scores }) => {
  let outside = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    outside += score < 0 || score > 1 ? 1 : 0;
  }
  return outside === 0
    ? undefined
    : `it needs probabilities, and ${outside.toLocaleString("en-US")} scores lie outside 0 to 1`;
};

export const nonZeroLabels: Requirement = ({ labels }) =>
  labels.includes(0) ? "it is relative to the label, and a label is 0" : undefined;

export const differingLabels: Requirement = ({ labels }) =>
  labels.every((label) => label === labels[0]) ? "all labels are equal" : undefined;

/** Of as many highest scores as there are classes, the label's is always one. */
export function fewerThanClasses(top: number): Requirement {
  return ({ classes }) =>
    top < classes
      ? undefined
      : `a model of ${classes} classes always has the right one among its ${top} best`;
}
