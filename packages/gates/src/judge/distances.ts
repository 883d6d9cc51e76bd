/** The bets on the distance between two score distributions, bound by bound. */

import { type Evidence, type Levels, note, start } from "./evidence.ts";
import { type PairFactor, pairTerms } from "./factors.ts";
import type { Finding } from "./finding.ts";
import { aboveEach, answered } from "./histogram.ts";
import { smallest } from "./interval.ts";
import { Bets, better, logSum, type Prior, restartCost, worse } from "./mixture.ts";
import { add } from "./series.ts";

/** Scores of both sides in one window, by bucket. */
export interface Comparison {
  at: number;
  stable: readonly number[];
  candidate: readonly number[];
}

/** Shares of the scores so far at which the refuting bets are placed. */
const deciles = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/** Scores that the past must have had before deciles are read from it. */
const leastPast = 20;

/** Running sums of ln factors, `gain − δ · price`, one entry a tilt. */
interface Running {
  gain: Float64Array;
  price: Float64Array;
}

function nothingYet(prior: Prior): Running {
  return { gain: new Float64Array(prior.etas.length), price: new Float64Array(prior.etas.length) };
}

/** One claim "this share exceeds that one by at most δ", told by events of both sides: `more` among the side that may
 * not exceed, `less` among the other. */
interface Counted {
  more: number;
  less: number;
  /** The candidate is the side that may not exceed. */
  ofCandidate: boolean;
}

export class Distances {
  readonly #offset: number;
  readonly #evidence: Evidence;
  /** Two a decile, for the claims of both directions. */
  readonly #refuting = deciles.flatMap(() =>
    [0, 1].map(() => ({ bets: new Bets(worse, true), running: nothingYet(worse) })),
  );
  /** Two a bound. */
  readonly #proving: Running[] = [];
  /** Scores of both sides above each bound in all windows before, and their number. */
  #past = { above: [] as number[], total: 0 };
  /** Σ n_c·n_s/(n_c + n_s) · (difference of the shares above each bound), and the sum of these weights: what every
   * window says, weighted by how exactly it says it. */
  #differences: number[] = [];
  #weight = 0;
  #oneSided = false;

  constructor(offset: number, levels: Levels) {
    this.#offset = offset;
    this.#evidence = start(levels);
  }

  /** A window in which one side had nothing says nothing. */
  add({ at, stable, candidate }: Comparison): void {
    const n = { stable: answered(stable), candidate: answered(candidate) };
    this.#oneSided = n.stable === 0 || n.candidate === 0;
    if (this.#oneSided) {
      return;
    }
    const above = { stable: aboveEach(stable), candidate: aboveEach(candidate) };
    const claims = above.stable.flatMap((_, bound) => this.#claimsAt(bound, above, n));
    this.#refute(claims, n);
    this.#prove(claims, n);
    this.#remember(above, n);
    const fail = logSum(this.#refuting.map(({ bets }) => bets.log)) - Math.log(this.#refuting.length);
    const pass = Math.min(...this.#proving.map((running) => mixedAt(better, running, this.#offset)));
    note(this.#evidence, { at, candidate: { n: n.candidate } }, { fail, pass });
  }

  /** Both directions at one bound. Of "above" and "at most" the event is the one that was rarer so far: the count test
   * loses power with √(1 − share). */
  #claimsAt(bound: number, above: Sides<number[]>, n: Sides<number>): [Counted, Counted] {
    const common = (this.#past.above[bound] ?? 0) * 2 > this.#past.total;
    const events = (side: keyof typeof n) => {
      const count = above[side][bound] ?? 0;
      return common ? n[side] - count : count;
    };
    const [stable, candidate] = [events("stable"), events("candidate")];
    const claims: [Counted, Counted] = [
      { more: candidate, less: stable, ofCandidate: true },
      { more: stable, less: candidate, ofCandidate: false },
    ];
    return common ? [claims[1], claims[0]] : claims;
  }

  #refute(claims: readonly Counted[], n: Sides<number>): void {
    const { above, total } = this.#past;
    if (total < leastPast) {
      return;
    }
    const terms = termsOf(worse, n);
    deciles.forEach((decile, index) => {
      // Shares above fall from bound to bound: the last one that is still above the wanted share.
      const found = above.findLastIndex((count) => count >= (1 - decile) * total);
      for (const direction of [0, 1]) {
        const wager = this.#refuting[2 * index + direction];
        const claim = claims[2 * Math.max(0, found) + direction];
        if (wager !== undefined && claim !== undefined) {
          addTo(wager.running, worse, claim, terms);
          wager.bets.advance((eta, tilt) => {
            const { gain, price } = factorOf(eta, tilt, claim, terms);
            return gain - this.#offset * price;
          });
        }
      }
    });
  }

  #prove(claims: readonly Counted[], n: Sides<number>): void {
    const terms = termsOf(better, n);
    claims.forEach((claim, index) => {
      const running = this.#proving[index] ?? nothingYet(better);
      this.#proving[index] = running;
      addTo(running, better, claim, terms);
    });
  }

  #remember(above: Sides<number[]>, n: Sides<number>): void {
    const weight = (n.stable * n.candidate) / (n.stable + n.candidate);
    const differences = above.candidate.map((count, bound) => {
      const difference = count / n.candidate - (above.stable[bound] ?? 0) / n.stable;
      return (this.#differences[bound] ?? 0) + weight * difference;
    });
    this.#differences = differences;
    this.#weight += weight;
    this.#past = {
      above: add(this.#past.above, add(above.stable, above.candidate)),
      total: this.#past.total + n.stable + n.candidate,
    };
  }

  finding(): Pick<Finding, "observed" | "interval" | "evidence"> {
    const evidence = { ...this.#evidence, tilts: this.#oneSided ? null : this.#tilts() };
    if (this.#weight === 0) {
      return { observed: null, interval: null, evidence };
    }
    const largest = this.#differences.reduce((most, sum) => Math.max(most, Math.abs(sum)), 0);
    return { observed: largest / this.#weight, interval: [this.#low(), this.#high()], evidence };
  }

  /** The smallest distance that the refuting bets leave open. */
  #low(): number {
    const open = (distance: number) =>
      logSum(this.#refuting.map(({ running }) => mixedAt(worse, running, distance))) -
        Math.log(this.#refuting.length) <
      this.#evidence.fail.needed;
    return open(0) ? 0 : smallest(open, 0, 1);
  }

  /** The smallest distance that is proven at every bound, both ways. Begun with the claim that is farthest from being
   * proven, few others ask for more. */
  #high(): number {
    const { needed } = this.#evidence.pass;
    return [this.#slowest(), ...this.#proving].reduce((high, running) => {
      const proven = (distance: number) => mixedAt(better, running, distance) >= needed;
      return proven(high) ? high : proven(1) ? smallest(proven, high, 1) : 1;
    }, 0);
  }

  #slowest(): Running {
    const logs = this.#proving.map((running) => mixedAt(better, running, this.#offset));
    return this.#proving[logs.indexOf(Math.min(...logs))] ?? nothingYet(better);
  }

  /** Of the claim that is farthest from being proven, and of the bet that has come farthest: these decide. */
  #tilts(): NonNullable<Evidence["tilts"]> {
    const logs = this.#refuting.map(({ bets }) => bets.log);
    const fastest = this.#refuting[logs.indexOf(Math.max(...logs))]?.running ?? nothingYet(worse);
    return {
      fail: logsAt(fastest, this.#offset),
      pass: logsAt(this.#slowest(), this.#offset),
      failNeeded: this.#evidence.fail.needed + restartCost + Math.log(this.#refuting.length),
      passNeeded: this.#evidence.pass.needed,
      best: null,
    };
  }
}

interface Sides<T> {
  stable: T;
  candidate: T;
}

/** ψ and price of every tilt for one window, for either side as the one that may not exceed: they follow from the
 * exposures alone, so that a bound costs a multiplication. */
interface Terms {
  ofCandidate: ReturnType<typeof pairTerms>[];
  ofStable: ReturnType<typeof pairTerms>[];
}

function termsOf({ etas }: Prior, n: Sides<number>): Terms {
  return {
    ofCandidate: etas.map((eta) => pairTerms(eta, 1, n.stable, n.candidate)),
    ofStable: etas.map((eta) => pairTerms(eta, 1, n.candidate, n.stable)),
  };
}

/** `pairFactor` with the window's terms at hand. */
function factorOf(eta: number, tilt: number, { more, less, ofCandidate }: Counted, terms: Terms): PairFactor {
  const { logTilted, price } = (ofCandidate ? terms.ofCandidate : terms.ofStable)[
    tilt
  ] as Terms["ofStable"][0];
  return { gain: eta * more - logTilted * (more + less), price };
}

function addTo(running: Running, { etas }: Prior, claim: Counted, terms: Terms): void {
  const { more, less, ofCandidate } = claim;
  const ours = ofCandidate ? terms.ofCandidate : terms.ofStable;
  for (let tilt = 0; tilt < etas.length; tilt++) {
    const { logTilted, price } = ours[tilt] as Terms["ofStable"][0];
    running.gain[tilt] = (running.gain[tilt] ?? 0) + (etas[tilt] ?? 0) * more - logTilted * (more + less);
    running.price[tilt] = (running.price[tilt] ?? 0) + price;
  }
}

function logsAt({ gain, price }: Running, distance: number): number[] {
  return Array.from(gain, (value, tilt) => value - distance * (price[tilt] ?? 0));
}

/** ln of the mixture's wealth against, or for, a distance: `mixed`, without an array, because it is asked of every
 * bound at every look. */
function mixedAt({ logWeights }: Prior, { gain, price }: Running, distance: number): number {
  const logAt = (tilt: number) =>
    (gain[tilt] ?? 0) - distance * (price[tilt] ?? 0) + (logWeights[tilt] ?? -Infinity);
  let top = -Infinity;
  for (let tilt = 0; tilt < gain.length; tilt++) {
    top = Math.max(top, logAt(tilt));
  }
  let sum = 0;
  for (let tilt = 0; tilt < gain.length; tilt++) {
    sum += Math.exp(logAt(tilt) - top);
  }
  return top + Math.log(sum);
}
