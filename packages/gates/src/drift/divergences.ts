/**
 * How far two histograms over the same bins are apart. Shares are counts over rows: p of the reference, q of the
 * current data.
 *
 * PSI and KL are infinite where a bin is empty on one side. Such a bin counts as half a row there (the shares are not
 * rescaled): finite, and honest in that a bin of one row out of ten thousand adds 1e-4·ln 2 and not what an arbitrary
 * epsilon says. Bins without a row on either side must not be given.
 */

export type Histogram = ArrayLike<number>;

const emptyCountsAs = 0.5;

function floored(count: number): number {
  return count === 0 ? emptyCountsAs : count;
}

function totalOf(counts: Histogram): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] as number;
  return total;
}

/** Population stability index Σ (p − q)·ln(p/q), symmetric (B. Yurdakul, J. Naranjo, "Statistical properties of the
 * population stability index", Journal of Risk Model Validation 14 (2020), equation 1). */
export function psi(reference: Histogram, current: Histogram): number {
  const [n, m] = [totalOf(reference), totalOf(current)];
  let sum = 0;
  for (let i = 0; i < reference.length; i++) {
    const p = floored(reference[i] as number) / n;
    const q = floored(current[i] as number) / m;
    sum += (p - q) * Math.log(p / q);
  }
  return sum;
}

/** Kullback-Leibler divergence Σ p·ln(p/q) of the reference from the current data, natural logarithm. Never below 0,
 * which half rows could bring it to. */
export function kl(reference: Histogram, current: Histogram): number {
  const [n, m] = [totalOf(reference), totalOf(current)];
  let sum = 0;
  for (let i = 0; i < reference.length; i++) {
    const p = floored(reference[i] as number) / n;
    sum += p * Math.log((p * m) / floored(current[i] as number));
  }
  return Math.max(0, sum);
}

/** Jensen-Shannon distance: the root of the mean divergence of both from their middle, natural logarithm, 0 to
 * sqrt(ln 2). Needs no floor. */
export function js(reference: Histogram, current: Histogram): number {
  const [n, m] = [totalOf(reference), totalOf(current)];
  const part = (p: number, middle: number): number => (p === 0 ? 0 : p * Math.log(p / middle));
  let sum = 0;
  for (let i = 0; i < reference.length; i++) {
    const p = (reference[i] as number) / n;
    const q = (current[i] as number) / m;
    const middle = (p + q) / 2;
    sum += part(p, middle) + part(q, middle);
  }
  return Math.sqrt(Math.max(0, sum / 2));
}

/** Pearson's χ² of the two rows of a table of counts against equal shares: Σ (O − E)²/E over both tables. */
export function chi2(reference: Histogram, current: Histogram): number {
  const [n, m] = [totalOf(reference), totalOf(current)];
  let sum = 0;
  for (let i = 0; i < reference.length; i++) {
    const [a, b] = [reference[i] as number, current[i] as number];
    // (O − E)²/E of both tables share the numerator (a·m − b·n)².
    sum += (a * m - b * n) ** 2 / ((a + b) * n * m);
  }
  return sum;
}
