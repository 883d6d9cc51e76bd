/** Weather and carriers made on the spot, the same each time: as they were, as they still are, and as they have become. */
import { fileWith } from "./suite.ts";

/** mulberry32: https://github.com/cprosche/mulberry32 (public domain). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface World {
  rows: number;
  seed: number;
  /** Degrees warmer. */
  warmer?: number;
  /** A carrier that nobody knew, as a share of rows. */
  newcomer?: number;
}

export function weather({ rows, seed, warmer = 0, newcomer = 0 }: World): string {
  const random = randomFrom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const lines = Array.from({ length: rows }, () => {
    const carrier = random() < newcomer ? "ZZ" : ["UA", "B6", "DL", "AA"][Math.floor(random() * 4)];
    const wind = random() < 0.02 ? "" : (10 + 4 * normal()).toFixed(2);
    return `${(50 + warmer + 10 * normal()).toFixed(2)},${wind},${carrier}`;
  });
  return ["temp,wind_speed,carrier", ...lines, ""].join("\n");
}

/** The files of a test: two thousand rows of before, and one thousand of now. */
export function samples() {
  return {
    reference: fileWith("reference.csv", weather({ rows: 2000, seed: 1 })),
    same: fileWith("same.csv", weather({ rows: 1000, seed: 2 })),
    warmer: fileWith("warmer.csv", weather({ rows: 1000, seed: 3, warmer: 12, newcomer: 0.3 })),
    few: fileWith("few.csv", weather({ rows: 10, seed: 4, warmer: 12 })),
  };
}

/** Calibrated scores and their labels on the reference; on the current data the scores alone. */
export function predictions(currentScores: (random: () => number) => number): string {
  const random = randomFrom(5);
  const reference = Array.from({ length: 4000 }, () => {
    const score = random();
    return `reference,${score.toFixed(4)},${random() < score ? 1 : 0}`;
  });
  const current = Array.from({ length: 2000 }, () => `current,${currentScores(random).toFixed(4)},`);
  return ["set,score,label", ...reference, ...current, ""].join("\n");
}
