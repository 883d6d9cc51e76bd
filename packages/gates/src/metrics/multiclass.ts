import type { Numbers } from "./numbers.ts";

/** Class of the highest score of every row, the lowest index of equals. `scores` are n × `classes`, row by row. */
export function predictedClasses(scores: Numbers, classes: number): Uint32Array {
  const predicted = new Uint32Array(scores.length / classes);
  for (let row = 0; row < predicted.length; row++) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if ((scores[row * classes + c] as number) > (scores[row * classes + best] as number)) {
        best = c;
      }
    }
    predicted[row] = best;
  }
  return predicted;
}

/** Per class: rows labelled so, rows predicted so, rows both. Fractions are fine. */
export interface ClassCounts {
  labelled: Float64Array;
  predicted: Float64Array;
  right: Float64Array;
}

export function emptyCounts(classes: number): ClassCounts {
  return {
    labelled: new Float64Array(classes),
    predicted: new Float64Array(classes),
    right: new Float64Array(classes),
  };
}

export function addRows(counts: ClassCounts, label: number, predicted: number, rows: number): void {
  counts.labelled[label] = (counts.labelled[label] as number) + rows;
  counts.predicted[predicted] = (counts.predicted[predicted] as number) + rows;
  if (label === predicted) {
    counts.right[label] = (counts.right[label] as number) + rows;
  }
}

export function accuracyOfClasses({ labelled, right }: ClassCounts): number {
  return sum(right) / sum(labelled);
}

/** Mean recall of the classes that the labels have. */
export function balancedAccuracyOfClasses({ labelled, right }: ClassCounts): number {
  let [recalls, present] = [0, 0];
  labelled.forEach((rows, c) => {
    recalls += rows > 0 ? (right[c] as number) / rows : 0;
    present += rows > 0 ? 1 : 0;
  });
  return recalls / present;
}

/** A figure of one class; 0 where it has no rows to divide by, as scikit-learn has it. */
type OfClass = (counts: ClassCounts, c: number) => number;

export const precisionOfClass: OfClass = ({ predicted, right }, c) => share(right[c], predicted[c]);
export const recallOfClass: OfClass = ({ labelled, right }, c) => share(right[c], labelled[c]);
export const f1OfClass: OfClass = ({ labelled, predicted, right }, c) =>
  share(2 * (right[c] as number), (labelled[c] as number) + (predicted[c] as number));

/** Mean over the classes that labels or predictions have (scikit-learn's `average="macro"`). */
export function macroAverage(of: OfClass): (counts: ClassCounts) => number {
  return (counts) => {
    let [total, present] = [0, 0];
    counts.labelled.forEach((rows, c) => {
      total += of(counts, c);
      present += rows + (counts.predicted[c] as number) > 0 ? 1 : 0;
    });
    return total / present;
  };
}

/** Mean over the classes, weighted by their labelled rows (scikit-learn's `average="weighted"`). */
export function weightedAverage(of: OfClass): (counts: ClassCounts) => number {
  return (counts) => {
    let total = 0;
    counts.labelled.forEach((rows, c) => {
      total += rows * of(counts, c);
    });
    return total / sum(counts.labelled);
  };
}

function share(part: number | undefined, whole: number | undefined): number {
  return whole === 0 ? 0 : (part as number) / (whole as number);
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
