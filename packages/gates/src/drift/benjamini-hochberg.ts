/**
 * p-values adjusted so that calling all below α bounds the expected share of false calls among them by α: with p₍₁₎ ≤
 * … ≤ p₍ₘ₎, the adjusted p₍ᵢ₎ is the smallest m·p₍ⱼ₎/j over j ≥ i (Y. Benjamini, Y. Hochberg, J. R. Stat. Soc. B 57
 * (1995)). When nothing has drifted, the chance of any call at all is at most α. Holds for independent tests and for
 * positively dependent ones (Y. Benjamini, D. Yekutieli, Annals of Statistics 29 (2001)), which features that move
 * together are; for arbitrary dependence the bound is α·(1 + 1/2 + … + 1/m).
 */
export function benjaminiHochberg(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => (ps[b] as number) - (ps[a] as number));
  const adjusted = new Array<number>(ps.length);
  let least = 1;
  order.forEach((i, place) => {
    least = Math.min(least, ((ps[i] as number) * ps.length) / (ps.length - place));
    adjusted[i] = least;
  });
  return adjusted;
}
