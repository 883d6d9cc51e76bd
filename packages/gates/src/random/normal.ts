import type { Random } from "./xoshiro.ts";

/** Fills `out` with independent standard normal numbers. Source: G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29
 * (1958). */
export function fillNormal(random: Random, out: Float64Array): void {
  for (let i = 0; i < out.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    out[i] = radius * Math.cos(angle);
    out[i + 1] = radius * Math.sin(angle);
  }
}
