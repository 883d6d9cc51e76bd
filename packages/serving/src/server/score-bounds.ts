/** Upper bounds of the buckets that scores are counted in. They are the same for every release, because histograms
 * with different bounds cannot be compared; a shift that stays inside one bucket is not seen. */
import type { Contract } from "../contract.ts";

/** Tails in steps of about two: where a fraud model's or a rare disease's probabilities all lie. */
const tail = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005];
const hundredths = Array.from({ length: 99 }, (_, index) => (index + 1) / 100);
/** A model whose "probability" is a margin is seen too, more coarsely. */
const beyond = [1, 2, 5, 10, 20];

const ofProbability: readonly number[] = [
  ...beyond.map((value) => -value).reverse(),
  0,
  ...tail,
  ...hundredths,
  ...tail.map((value) => Number((1 - value).toPrecision(6))).reverse(),
  ...beyond,
];

/** 20 a decade, 12 % apart, from 0.01 to 1,000,000, for either sign. */
const magnitudes = Array.from({ length: 161 }, (_, index) => Number((10 ** (index / 20 - 2)).toPrecision(4)));
const ofValue: readonly number[] = [...magnitudes.map((value) => -value).reverse(), 0, ...magnitudes];

/** For a binary model its score, for several classes the highest of a row, for a regression its value. */
export function scoreBounds(task: Contract["task"]): readonly number[] {
  return task === "regression" ? ofValue : ofProbability;
}
