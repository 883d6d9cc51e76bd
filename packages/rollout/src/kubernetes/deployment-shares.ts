/** Shares that counts of pods can give. Pure. */
import { RolloutError } from "../error.ts";

/** Percentage points that a share may be off what was asked for. */
export const tolerancePoints = 1;

/** The candidate's share in percent with that many pods on each side. */
export function shareOf(candidate: number, stable: number): number {
  return candidate === 0 ? 0 : (100 * candidate) / (candidate + stable);
}

/** How many of the candidate's pods give that share beside so many of stable's.
 * @throws RolloutError `invalid` with the shares that these counts can give, and the counts that could give this one */
export function podsForShare(percent: number, stable: number): number {
  if (percent <= 0) return 0;
  if (percent >= 100) return Math.max(1, stable);
  const count = Math.max(1, Math.round((stable * percent) / (100 - percent)));
  if (Math.abs(shareOf(count, stable) - percent) <= tolerancePoints) return count;
  throw new RolloutError(
    "invalid",
    `A share of ${percent} % cannot be made of ${stable} pods of stable: ${nearest(percent, stable)}.`,
    `Give stable ${countsFor(percent)} replicas, choose one of these shares, or use the target gateway, which routes any share.`,
  );
}

function nearest(percent: number, stable: number): string {
  const exact = (stable * percent) / (100 - percent);
  const counts = [...new Set([Math.max(1, Math.floor(exact)), Math.max(1, Math.ceil(exact))])];
  const shown = counts.map(
    (count) => `${count} of ${count + stable} pods give ${shareText(count, stable)} %`,
  );
  return shown.join(", ");
}

const shareText = (count: number, stable: number) => String(Math.round(shareOf(count, stable) * 10) / 10);

/** The smallest counts of stable that can give the share. */
function countsFor(percent: number): string {
  const found: number[] = [];
  for (let stable = 1; stable <= 10_000 && found.length < 3; stable++) {
    const count = Math.max(1, Math.round((stable * percent) / (100 - percent)));
    if (Math.abs(shareOf(count, stable) - percent) <= tolerancePoints) found.push(stable);
  }
  return found.join(", ").replace(/, (\d+)$/, " or $1");
}
