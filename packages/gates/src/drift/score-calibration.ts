import { binomial } from "../random/binomial.ts";
import type { Random } from "../random/xoshiro.ts";
import { chiSquareTail } from "./chi-square-tail.ts";
import { groupScores, type ScoreGroups } from "./score-groups.ts";

/** Labelled rows whose scores are held against what came true. */
export interface Labelled {
  scores: Float64Array;
  /** 0 or 1. */
  labels: Float64Array;
}

/** From a score to the chance of a positive. */
export type Curve = (score: number) => number;

export type Calibration =
  /** `redraw` gives the curve that other labels of the same rows would have led to. */
  | { ok: true; curve: Curve; redraw: (random: Random) => Curve; corrected: boolean }
  | { ok: false; reason: string; settle: string };

const fewestOfEach = 30;
const testGroups = 15;
/** Mean gap between score and truth, in the held-out half, from which an estimate is not worth having. */
const largeError = 0.05;

/**
 * Whether scores can stand for chances. Scores whose gap to the labels is within chance are taken as they are. Others
 * are corrected by isotonic regression, which any monotone distortion bears; whether it does is tried on rows that it
 * was not fitted to (each half by the other), and where the gap stays significant and above .05 the scores are refused.
 */
export function calibrate({ scores, labels }: Labelled, alpha: number): Calibration {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (Math.min(positives, labels.length - positives) < fewestOfEach) {
    const settle = `need ${fewestOfEach} labelled rows of each class`;
    return {
      ok: false,
      reason: `the reference has ${positives} positives in ${labels.length} labelled rows`,
      settle,
    };
  }
  if (gapOf({ scores, labels }, (score) => score, 1).p > alpha)
    return { ok: true, curve: identity, redraw: () => identity, corrected: false };
  const halves = [0, 1].map((parity) => half({ scores, labels }, parity)) as [Labelled, Labelled];
  const gaps = [
    gapOf(halves[1], fit(groupsOf(halves[0])), 2),
    gapOf(halves[0], fit(groupsOf(halves[1])), 2),
  ] as const;
  const error = (gaps[0].error + gaps[1].error) / 2;
  if (error > largeError && Math.min(gaps[0].p, gaps[1].p) <= alpha / 2) {
    return {
      ok: false,
      reason: `the scores do not tell the chance of a positive: on the labelled reference they are off by ${error.toFixed(3)} on average, after isotonic correction`,
      settle: "label some current rows, or calibrate the model",
    };
  }
  const groups = groupsOf({ scores, labels });
  const curve = fit(groups);
  return { ok: true, curve, redraw: (random) => fit(redrawn(groups, curve, random)), corrected: true };
}

const identity: Curve = (score) => score;

/** About sqrt(rows) groups: enough to follow the curve, few enough that no group is a handful of rows. */
function groupsOf({ scores, labels }: Labelled): ScoreGroups {
  return groupScores(
    scores,
    Number.POSITIVE_INFINITY,
    Math.min(500, Math.ceil(Math.sqrt(scores.length))),
    labels,
  );
}

/** Every second row: what changes along the table is in both halves. */
function half({ scores, labels }: Labelled, parity: number): Labelled {
  const take = (values: Float64Array): Float64Array => values.filter((_, row) => row % 2 === parity);
  return { scores: take(scores), labels: take(labels) };
}

/**
 * Gap between what the curve promises and what came true, in groups of the scores: its mean weighted by rows (ECE)
 * beyond what chance gives,
 * and the chance of it when the curve is right: Σ (O − E)²/V has the χ² distribution with one degree a group, V =
 * Σ p(1 − p) (D. W. Hosmer, S. Lemeshow, "Applied Logistic Regression" (1989), section 5.2.2, for chances that were not
 * fitted to these rows). `inflation` is 2 where the curve comes from as many other rows, whose noise adds to these.
 */
function gapOf({ scores, labels }: Labelled, curve: Curve, inflation: number): { error: number; p: number } {
  const groups = groupScores(scores, Number.POSITIVE_INFINITY, testGroups, labels);
  const order = Float64Array.from(scores).sort();
  let [start, error, statistic] = [0, 0, 0];
  groups.rows.forEach((rows, g) => {
    let [expected, variance] = [0, 0];
    for (let i = start; i < start + rows; i++) {
      const p = curve(order[i] as number);
      expected += p;
      variance += p * (1 - p);
    }
    start += rows;
    const gap = (groups.positives[g] as number) - expected;
    // What chance alone gives on average, E|N(0, v)| = sqrt(2v/π), is no error of the curve.
    error += (Math.abs(gap) - Math.sqrt((2 * variance * inflation) / Math.PI)) / scores.length;
    // Chances of 0 and 1 leave no room: half a row keeps one surprise finite.
    statistic += gap ** 2 / Math.max(variance, 0.5);
  });
  return { error, p: chiSquareTail(statistic / inflation, groups.rows.length) };
}

function redrawn(groups: ScoreGroups, curve: Curve, random: Random): ScoreGroups {
  const positives = groups.rows.map((rows, g) => binomial(random, rows, curve(groups.means[g] as number)));
  return { ...groups, positives };
}

/** Isotonic regression of the labels on the score by pooling adjacent violators (M. Ayer et al., Annals of Mathematical
 * Statistics 26 (1955)), straight lines between the groups' mean scores, level beyond them. O(groups). */
function fit({ rows, means, positives }: ScoreGroups): Curve {
  const blocks: { rows: number; positives: number; groups: number }[] = [];
  rows.forEach((count, g) => {
    let block = { rows: count, positives: positives[g] as number, groups: 1 };
    for (
      let before = blocks.at(-1);
      before !== undefined && rate(before) >= rate(block);
      before = blocks.at(-1)
    ) {
      blocks.pop();
      block = {
        rows: block.rows + before.rows,
        positives: block.positives + before.positives,
        groups: block.groups + before.groups,
      };
    }
    blocks.push(block);
  });
  const heights = Float64Array.from(
    blocks.flatMap((block) => new Array<number>(block.groups).fill(rate(block))),
  );
  return (score) => interpolate(means, heights, score);
}

function rate({ rows, positives }: { rows: number; positives: number }): number {
  return positives / rows;
}

function interpolate(xs: Float64Array, ys: Float64Array, x: number): number {
  let [low, high] = [0, xs.length - 1];
  if (x <= (xs[low] as number)) return ys[low] as number;
  if (x >= (xs[high] as number)) return ys[high] as number;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((xs[middle] as number) <= x) low = middle;
    else high = middle;
  }
  const share = (x - (xs[low] as number)) / ((xs[high] as number) - (xs[low] as number));
  return (ys[low] as number) + share * ((ys[high] as number) - (ys[low] as number));
}
