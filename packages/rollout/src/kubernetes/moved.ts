/** What the pods of both sides have counted between two looks, and which shares that may be of. Pure. */
import type { RequestCount } from "@ml-actions/telemetry/request-counts";
import { withinBinomial } from "./binomial.ts";
import type { Look } from "./probe.ts";

export interface Moved {
  stable: number;
  candidate: number;
  /** Who counts them. */
  by: string;
  /** How many of each side's may be the kubelet's probes and scrapes of metrics. */
  noise: { stable: number; candidate: number };
}

/** null: pods came, went or began anew between the looks, so that differences say nothing. A reason: nobody counts on
 * both sides. */
export function movedBetween(before: Look, after: Look, seconds: number): Moved | string | null {
  const all = [...after.stable, ...after.candidate];
  const earlier = new Map([...before.stable, ...before.candidate].map((one) => [one.pod.uid, one]));
  if (all.length !== earlier.size) return null;
  const best = countersOf(after).map((by) => {
    const sum = (side: readonly RequestCount[]) =>
      side.reduce((total, now) => total + rise(now, earlier.get(now.pod.uid), by), 0);
    return { by, stable: sum(after.stable), candidate: sum(after.candidate) };
  });
  // What counts most counts also what others leave out: requests that were no predictions.
  const [most] = best.sort((left, right) => right.stable + right.candidate - left.stable - left.candidate);
  if (most === undefined) return "the pods of both sides have no series in common that count requests";
  if (!Number.isFinite(most.stable + most.candidate)) return null;
  const noise = (side: readonly RequestCount[]) =>
    side.filter(({ pathless }) => pathless.has(most.by)).length * noisePerPod(seconds);
  return { ...most, noise: { stable: noise(after.stable), candidate: noise(after.candidate) } };
}

/** Those that pods of each side that is there know. */
function countersOf({ stable, candidate }: Look): string[] {
  const sides = [stable, candidate].filter(({ length }) => length > 0);
  const names = new Set(sides.flatMap((side) => side.flatMap(({ requests }) => [...requests.keys()])));
  return [...names].filter((by) => sides.every((side) => side.some(({ requests }) => requests.has(by))));
}

/** NaN: another process counts, or one that was set back. */
function rise(now: RequestCount, before: RequestCount | undefined, by: string): number {
  const difference = (now.requests.get(by) ?? 0) - (before?.requests.get(by) ?? 0);
  const same = before !== undefined && Math.abs((now.process ?? 0) - (before.process ?? 0)) < 2;
  return same && difference >= 0 ? difference : Number.NaN;
}

/** Kubernetes probes for liveness and readiness once a second at most; one scrape of another's, one of ours. */
const noisePerPod = (seconds: number) => 2 * Math.ceil(seconds) + 2;

export interface Asked {
  /** Requests of ours in between. */
  count: number;
  /** Between 0 and 1. */
  share: number;
}

/** Whether all that was counted may come from that split: ours and users' alike. */
export function agrees(moved: Moved, { share }: Asked): boolean {
  const { stable, candidate, noise } = moved;
  if (share <= 0) return candidate <= noise.candidate && stable + candidate > 0;
  return someOf(moved, (own) => {
    const most = stable + own;
    const least = Math.max(own, most - noise.stable);
    return withinBinomial(own, nearest(own / share, least, most), share);
  });
}

/** Whether ours may come from that split, while users reach pods by other ways too: past what routes, or on connections
 * that they keep. Then the candidate's count is one that a binomial gives of some number between ours and all. */
export function oursAgree(moved: Moved, { count, share }: Asked): boolean {
  const { stable, noise } = moved;
  if (share <= 0) return stable + noise.stable >= count;
  return someOf(moved, (own) => {
    const most = stable + own;
    const least = Math.max(own, Math.min(count, most) - noise.stable);
    return withinBinomial(own, nearest(own / share, least, most), share);
  });
}

const nearest = (value: number, least: number, most: number) =>
  Math.min(most, Math.max(least, Math.round(value)));

/** Whether it holds of the candidate's count, less what may be noise in it. */
function someOf({ candidate, noise }: Moved, holds: (own: number) => boolean): boolean {
  for (let own = Math.max(0, candidate - noise.candidate); own <= candidate; own++) {
    if (holds(own)) return true;
  }
  return false;
}
