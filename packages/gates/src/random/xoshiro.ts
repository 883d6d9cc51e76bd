/** Uniform random 32-bit integers, the same on every machine for the same seed. */
export interface Random {
  /** An integer from 0 to 2³² − 1. */
  uint32(): number;
  /** A number of 53 random bits from 0 (excluded) to 1 (excluded). */
  uniform(): number;
}

/**
 * xoshiro128** 1.1: period 2¹²⁸ − 1, four 32-bit words of state.
 * Source: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47 (2021);
 * reference code https://prng.di.unimi.it/xoshiro128starstar.c. Its state is filled by SplitMix32 from the seed words.
 */
export function xoshiro128(...seeds: readonly number[]): Random {
  return xoshiro128From(fillState(seeds));
}

/** The generator from four words of state, not all 0. */
export function xoshiro128From(state: readonly [number, number, number, number]): Random {
  // In an array of their own: variables that a closure keeps would be boxed anew at every number above 2³⁰.
  const words = Int32Array.from(state);
  const uint32 = (): number => {
    const b = words[1] as number;
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const c = (words[2] as number) ^ (words[0] as number);
    const d = (words[3] as number) ^ b;
    words[0] = (words[0] as number) ^ d;
    words[1] = b ^ c;
    words[2] = c ^ (b << 9);
    words[3] = rotateLeft(d, 11);
    return result;
  };
  // Half a step above the grid point: never 0, so that its logarithm is finite.
  const uniform = (): number => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6) + 0.5) / 9007199254740992;
  return { uint32, uniform };
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function fillState(seeds: readonly number[]): [number, number, number, number] {
  let counter = 0x9e3779b9;
  for (const seed of seeds) {
    counter = mix(counter ^ seed);
  }
  const next = (): number => {
    counter = (counter + 0x9e3779b9) >>> 0;
    return mix(counter);
  };
  // `mix` is a bijection and the counter moves on, so that at most one of the words is 0.
  return [next(), next(), next(), next()];
}

/** Finaliser of MurmurHash3 (A. Appleby, public domain): every input bit changes half the output bits. */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** FNV-1a of a text, 32 bits (Fowler, Noll, Vo; RFC 9923): makes part of a seed from a gate's metric and slice. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    h = Math.imul(h ^ byte, 0x01000193);
  }
  return h >>> 0;
}

/** A hash of numbers by their bits, in order: makes part of a seed from the data. */
export function hashNumbers(values: Float64Array): number {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  let h = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) {
    h = Math.imul(h ^ (words[i] as number), 0x01000193);
    h ^= h >>> 15;
  }
  return h >>> 0;
}
