import { type PairFactor, rateFactor, type Tally } from "./factors.ts";
import { better, type Prior, worse } from "./mixture.ts";

/** Halvings of [0, 1]: beyond the 15 digits of a double. */
const halvings = 50;

/** ln of the mixture of bets whose logarithms `logOf` gives, tilt by tilt: without an array, because it is asked hundreds
 * of times a look. */
export function mixed({ logWeights }: Prior, logOf: (tilt: number) => number): number {
  let [top, sum] = [-Infinity, 0];
  for (let tilt = 0; tilt < logWeights.length; tilt++) {
    const value = logOf(tilt) + (logWeights[tilt] ?? -Infinity);
    if (value > top) {
      sum = sum * Math.exp(top - value) + 1;
      top = value;
    } else if (value !== -Infinity) {
      sum += Math.exp(value - top);
    }
  }
  return top === Infinity || top === -Infinity ? top : top + Math.log(sum);
}

/** Whether the bets on "better" have by now refuted that the rate is at least `bound`. */
export function shownBelow(bound: number, tally: Tally, level: number): boolean {
  const { etas } = better;
  return mixed(better, (tilt) => rateFactor(etas[tilt] ?? 0, bound, tally)) >= Math.log(1 / level);
}

/** Whether the bets on "worse" have by now refuted that the rate is at most `bound`. */
export function shownAbove(bound: number, tally: Tally, level: number): boolean {
  const { etas } = worse;
  return mixed(worse, (tilt) => rateFactor(etas[tilt] ?? 0, bound, tally)) >= Math.log(1 / level);
}

/**
 * Upper limit of a rate that holds at all times at once with probability 1 − level: the smallest bound that the rate
 * is shown to be below (a one-sided confidence sequence). 1 while nothing is known.
 */
export function upperRate(tally: Tally, level: number): number {
  return shownBelow(1, tally, level) ? smallest((bound) => shownBelow(bound, tally, level), 0, 1) : 1;
}

/** Lower limit of a rate, likewise; 0 while nothing is known. */
export function lowerRate(tally: Tally, level: number): number {
  return smallest((bound) => !shownAbove(bound, tally, level), 0, 1);
}

/**
 * Limits of candidate's rate − factor × stable's rate: the offsets that the pairwise bets have not refuted. The
 * logarithm of each bet is linear in the offset (`PairFactor`), falling for "worse", rising for "better".
 */
export function offsetLimits(
  pairs: { fail: readonly PairFactor[]; pass: readonly PairFactor[]; failNeeded: number; passNeeded: number },
  range: [number, number],
): [number, number] {
  const at = (prior: Prior, totals: readonly PairFactor[], offset: number) =>
    mixed(prior, (tilt) => {
      const { gain, price } = totals[tilt] as PairFactor;
      return gain - offset * price;
    });
  const open = (offset: number) => at(worse, pairs.fail, offset) < pairs.failNeeded;
  const proven = (offset: number) => at(better, pairs.pass, offset) >= pairs.passNeeded;
  return [
    open(range[0]) ? range[0] : smallest(open, ...range),
    proven(range[1]) ? smallest(proven, ...range) : range[1],
  ];
}

/** The smallest value in [low, high] for which a monotone property holds; it must hold at `high`. */
export function smallest(holds: (value: number) => boolean, low: number, high: number): number {
  let [below, above] = [low, high];
  for (let halving = 0; halving < halvings; halving++) {
    const middle = (below + above) / 2;
    if (holds(middle)) {
      above = middle;
    } else {
      below = middle;
    }
  }
  return above;
}
