/** What is done where nothing better is at hand, for comparison. */
import type { Observation } from "../../../packages/gates/src/types.ts";

/** One-sided two-sample z-test at 5 % that the candidate fails more often, asked at every look with at least one
 * failure on either side; true when it ever says so. */
export function fixedHorizon(observations: readonly Observation[]): boolean {
  return observations.some((observation) => {
    if (!observation.ok) return false;
    const { stable, candidate } = observation;
    const pooled = (stable.errors + candidate.errors) / (stable.requests + candidate.requests);
    const variance = pooled * (1 - pooled) * (1 / stable.requests + 1 / candidate.requests);
    const difference = candidate.errors / candidate.requests - stable.errors / stable.requests;
    return variance > 0 && difference / Math.sqrt(variance) > 1.6448536269514722;
  });
}

/**
 * Whether the distance between two empirical distributions ever exceeds the bound by more than the sum of both sides'
 * half-widths. Howard & Ramdas (Bernoulli 2022, arXiv 1906.09712, theorem 2): with probability 1 − α, at all times
 * t ≥ m at once, ‖F̂ₜ − F‖∞ ≤ .85·√((ln(1 + ln(t/m)) + .8·ln(1612/α))/t). α is halved for the two sides; m = 100.
 */
export function pooledBand(observations: readonly Observation[], bound: number, alpha: number): boolean {
  const halfWidth = (t: number) =>
    t < 100
      ? Number.POSITIVE_INFINITY
      : 0.85 * Math.sqrt((Math.log(1 + Math.log(t / 100)) + 0.8 * Math.log(1612 / (alpha / 2))) / t);
  return observations.some((observation) => {
    if (!observation.ok) return false;
    const [stable, candidate] = [observation.stable, observation.candidate].map(
      ({ scores }) => scores?.counts ?? [],
    ) as [readonly number[], readonly number[]];
    const n = { stable: sum(stable), candidate: sum(candidate) };
    let [above, largest] = [0, 0];
    for (const [bucket, count] of stable.entries()) {
      above += (candidate[bucket] ?? 0) / n.candidate - count / n.stable;
      largest = Math.max(largest, Math.abs(above));
    }
    return largest - halfWidth(n.stable) - halfWidth(n.candidate) > bound;
  });
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
