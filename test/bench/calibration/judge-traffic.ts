/** Rollouts to judge: every second a look, four weights, traffic that has a day of its own. */

import {
  type Behaviour,
  healthy,
  observe,
  randomFrom,
  rollout,
} from "../../../packages/gates/src/judge/traffic.testing.ts";
import { type Wealth, wealthOverTime } from "../../../packages/gates/src/judge.ts";
import { parseGates } from "../../../packages/gates/src/language.ts";
import type { Observation } from "../../../packages/gates/src/types.ts";

export const confidence = 0.95;
export const weights = [10, 25, 50, 100];
export const secondsPerStep = 45;

/** 25 % apart, from 2 to 140 ms. */
const boundsMs = Array.from({ length: 20 }, (_, index) => Number((2 * 1.25 ** index).toPrecision(4)));

/** A day's trends squeezed into one rollout: load up and down by ten, six times as many failures, latency tripled,
 * scores half a standard deviation higher, in the hour in which the candidate's share is largest. */
export function evening(second: number): number {
  const share = second / (secondsPerStep * (weights.length - 1));
  return 1 / (1 + Math.exp(-12 * (share - 0.66)));
}

export const steadyLoad = 100;
export const trendingLoad = (second: number): number =>
  Math.round(110 + 90 * Math.sin((2 * Math.PI * second) / 97));

export const trending = (second: number): Behaviour => {
  const late = evening(second);
  return { ...healthy, errors: 0.005 * (1 + 5 * late), nan: 0.002, medianMs: 20 * (1 + 2 * late) };
};

export interface Play {
  stable: (second: number) => Behaviour;
  candidate: (second: number) => Behaviour;
  load?: number | ((second: number) => number);
  weights?: readonly number[];
  secondsPerStep?: number;
}

export function observations(play: Play, seed: number): Observation[] {
  const windows = rollout({
    weights: play.weights ?? weights,
    windowsPerStep: play.secondsPerStep ?? secondsPerStep,
    perWindow: play.load ?? steadyLoad,
    stable: play.stable,
    candidate: play.candidate,
    intervalMs: 1000,
  });
  return observe(windows, randomFrom(seed), boundsMs);
}

/** Every gate's e-values after every second. */
export function wealthOf(gates: string, seen: readonly Observation[]): Wealth[] {
  return wealthOverTime(parseGates(gates), seen, { rule: "prove", confidence });
}

export const everRefuted = ({ needed, points }: Wealth): boolean =>
  points.some(({ fail }) => fail >= needed.fail);
export const everProven = ({ needed, points }: Wealth): boolean =>
  points.some(({ pass }) => pass >= needed.pass);

/** Share of runs, as text, with a warning where it is above what may be (two standard errors beside it). */
export function share(count: number, runs: number, most = 1): string {
  const allowed = most + 2 * Math.sqrt((most * (1 - most)) / runs);
  const text = `${((100 * count) / runs).toFixed(1)} %`;
  return count / runs > allowed ? `**${text}**` : text;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}
