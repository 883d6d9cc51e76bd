/** How many pods each side needs for a split. Pure. */

/** Pods for a share: of `stable` pods that carry all traffic, rounded up, at least one. */
export function podsFor(percent: number, stable: number): number {
  return percent <= 0 ? 0 : Math.max(1, Math.ceil((Math.max(1, stable) * percent) / 100 - 1e-9));
}
