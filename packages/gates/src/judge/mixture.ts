/**
 * Bets against a null hypothesis. A bet's wealth is a non-negative supermartingale that starts at 1 as long as the null
 * holds, so by Ville's inequality it ever reaches 1/α with probability at most α, however often one looks. One bet per
 * tilt η; their weighted mean is a bet as well (Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon, Annals of Statistics
 * 2021, arXiv 1810.08240).
 */

/** Tilts η with the natural logarithms of their weights, which sum to 1. η > 0 bets on more events than the null
 * allows, η < 0 on fewer. */
export interface Prior {
  etas: readonly number[];
  logWeights: readonly number[];
}

/** Share of the money that starts at the first window; the rest waits for changes. See `Bets`. */
const firstStart = 0.95;

function prior(etas: readonly number[], density: (eta: number) => number): Prior {
  const densities = etas.map(density);
  const sum = densities.reduce((total, value) => total + value, 0);
  return { etas, logWeights: densities.map((value) => Math.log(value / sum)) };
}

function geometric(first: number, ratio: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first * ratio ** index);
}

/** On "worse". η is the log odds ratio of an event being the candidate's: nine tenths of the money lie around a rate
 * 2.6 times what is allowed (half of it between 2 and 3.6 times), one tenth is spread evenly over log η, from 1.1 times
 * to total failure. Chosen by simulation against Wald's test that knows the rate: see `docs/calibration.md`. */
const spread = 0.45;
export const worse: Prior = prior(geometric(0.1, 1.35, 16), (eta) => {
  const density = Math.exp(-0.5 * (Math.log(eta / 0.95) / spread) ** 2) / (spread * Math.sqrt(2 * Math.PI));
  return 0.9 * density * Math.log(1.35) + 0.1 / 16;
});

/** On "better". Flat over log |η|, and half of the money on η = −8: a candidate without a single event, the usual
 * good candidate. */
export const better: Prior = prior(
  geometric(0.08, 1.45, 12)
    .map((eta) => -eta)
    .concat(-8),
  (eta) => (eta === -8 ? 12 : 1),
);

/** ln Σ exp(values), without overflow. */
export function logSum(values: readonly number[]): number {
  let top = -Infinity;
  for (const value of values) {
    // Not Math.max(...values): this is asked a thousand times a look. NaN must come through.
    top = value > top || Number.isNaN(value) ? value : top;
  }
  if (!Number.isFinite(top)) {
    return top;
  }
  let sum = 0;
  for (const value of values) {
    sum += Math.exp(value - top);
  }
  return top + Math.log(sum);
}

/** ln(exp(a) + exp(b)); also for −∞, the logarithm of nothing, and ∞. */
function logAdd(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === -Infinity || high === Infinity ? high : high + Math.log1p(Math.exp(low - high));
}

/**
 * The wealth of a prior's bets, window by window.
 *
 * With `restarts`, a part of the money starts anew at every window j with the weight .05/(j(j−1)), so that a candidate
 * that turns bad after a long good time is found without first losing what the good time cost. Weights over all
 * starts sum to 1, so the sum stays a supermartingale (the mixture over start times of Shin, Ramdas & Rinaldo,
 * arXiv 2203.03532, with a prior in place of a sum). Price: ln(1/.95) = .05 for a fault that is there from the start.
 */
export class Bets {
  readonly #prior: Prior;
  readonly #restarts: boolean;
  readonly #wealth: number[];
  #windows = 0;
  /** Natural logarithm of the wealth now. */
  log = 0;

  constructor(prior: Prior, restarts: boolean) {
    this.#prior = prior;
    this.#restarts = restarts;
    this.#wealth = prior.etas.map(() => -Infinity);
  }

  /** @param logFactor ln of what one unit of money on tilt η, the prior's `index`th, became in this window; its mean
   * under the null is ≤ 1. */
  advance(logFactor: (eta: number, index: number) => number): void {
    this.#windows++;
    const logStart = Math.log(this.#startWeight(this.#windows));
    this.#prior.etas.forEach((eta, index) => {
      const money = logAdd(this.#wealth[index] ?? -Infinity, logStart);
      this.#wealth[index] = money + logFactor(eta, index);
    });
    const waiting = this.#restarts ? (1 - firstStart) / this.#windows : 0;
    this.log = logSum([
      Math.log(waiting),
      ...this.#wealth.map((money, index) => money + (this.#prior.logWeights[index] ?? -Infinity)),
    ]);
  }

  #startWeight(window: number): number {
    if (!this.#restarts) {
      return window === 1 ? 1 : 0;
    }
    return window === 1 ? firstStart : (1 - firstStart) / (window * (window - 1));
  }
}

/** What the restarts cost a fault that is there from the start. */
export const restartCost = Math.log(1 / firstStart);
