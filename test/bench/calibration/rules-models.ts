/** Pairs of models whose true quality is known, and samples of what they say of the same rows. */
import type { Evaluation } from "@ml-actions/gates/evaluate";
import { multinomial } from "@ml-actions/gates/random/binomial";
import type { Random } from "@ml-actions/gates/random/xoshiro";
import { normalQuantile } from "@ml-actions/gates/statistics/normal";

/** Two models, the second `drop` worse, and how a sample of n rows is drawn. */
export interface Pair {
  draw(random: Random, n: number): Evaluation;
}

/** Error rate of both classes by the baseline, and how much of it is on rows that every model gets wrong. */
const error = 0.15;
const shared = 0.5;

/** The F1 of a classifier that errs on `rate` of each class. */
export function f1Of(rate: number, prevalence: number): number {
  const hits = 2 * prevalence * (1 - rate);
  return hits / (hits + rate);
}

/** Classifiers of one kind whose F1 differ by `drop`. Only the eight cells (label, both predictions) matter to F1, so
 * that a multinomial draw of them, laid out as rows, is a sample. */
export function classifiers(prevalence: number, drop: number): Pair {
  const worse = f1Of(error, prevalence) - drop;
  // f1Of solved for its rate.
  const candidateError = (2 * prevalence * (1 - worse)) / (worse * (1 - 2 * prevalence) + 2 * prevalence);
  const both = error * shared;
  const own = (rate: number) => (rate - both) / (1 - both);
  const chances = new Float64Array(8);
  for (const label of [0, 1]) {
    for (const [a, b] of [0, 1, 2, 3].map((cell) => [cell >> 1, cell & 1] as const)) {
      const wrongA = own(candidateError);
      const wrongB = own(error);
      const alone = (a === label ? 1 - wrongA : wrongA) * (b === label ? 1 - wrongB : wrongB);
      const hard = a !== label && b !== label ? both : 0;
      const share = label === 1 ? prevalence : 1 - prevalence;
      chances[4 * label + 2 * a + b] = share * (hard + (1 - both) * alone);
    }
  }
  const cells = new Float64Array(8);
  return {
    draw(random, n) {
      multinomial(random, n, chances, 1, cells);
      const [labels, candidate, baseline] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
      let row = 0;
      for (let cell = 0; cell < 8; cell++) {
        for (let i = 0; i < (cells[cell] as number); i++, row++) {
          labels[row] = cell >> 2;
          candidate[row] = (cell >> 1) & 1;
          baseline[row] = cell & 1;
        }
      }
      return { task: "binary", labels, candidate, baseline, threshold: 0.5 };
    },
  };
}

/** AUC of the baseline of `rankers`: Φ(1/√2). */
const baselineAuc = 0.7602499389065233;

/** Scores that are normal in both classes, positives by 1 higher (AUC .760), the candidate's by so much less that its
 * AUC is `drop` lower; half of the noise is the row's own and shared. */
export function rankers(prevalence: number, drop: number): Pair {
  const lift = Math.SQRT2 * normalQuantile(baselineAuc - drop);
  return {
    draw(random, n) {
      const [labels, candidate, baseline] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
      const noise = normals(random, 3 * n);
      for (let i = 0; i < n; i++) {
        const label = random.uniform() < prevalence ? 1 : 0;
        const ofRow = (noise[3 * i] as number) * Math.SQRT1_2;
        labels[i] = label;
        candidate[i] = label * lift + ofRow + (noise[3 * i + 1] as number) * Math.SQRT1_2;
        baseline[i] = label + ofRow + (noise[3 * i + 2] as number) * Math.SQRT1_2;
      }
      return { task: "binary", labels, candidate, baseline, threshold: 0.5 };
    },
  };
}

/** Standard normal numbers, two of every pair of uniforms (G. E. P. Box, M. E. Muller 1958). */
export function normals(random: Random, count: number): Float64Array {
  const values = new Float64Array(count + (count % 2));
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    values[i] = radius * Math.cos(angle);
    values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** Slices of equal size beside each other: rows of one pair each. */
export function sliced(parts: readonly Evaluation[]): Evaluation {
  const join = (of: (part: Evaluation) => Evaluation["labels"]) => {
    const all = parts.map(of);
    const joined = new Float64Array(all.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const values of all) {
      joined.set(values, at);
      at += values.length;
    }
    return joined;
  };
  const codes = parts.flatMap(({ labels }, code) => Array<number>(labels.length).fill(code));
  return {
    task: "binary",
    labels: join((part) => part.labels),
    candidate: join((part) => part.candidate),
    baseline: join((part) => part.baseline as Float64Array),
    threshold: 0.5,
    slices: { slice: { codes: Int32Array.from(codes), names: parts.map((_, i) => `${i + 1}`) } },
  };
}
