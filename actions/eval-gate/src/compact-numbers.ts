/** Numbers that come in pieces, as a stream of rows gives them, held as small as they can be without loss so far. */
import type { Numbers } from "@ml-actions/gates/metrics/numbers";
import { release } from "@ml-actions/gates/metrics/release";

/** In a block of bytes: not a number. */
const noNumber = 255;

/**
 * Bytes of a block. Of pages nobody has written to none is held, and from this size on the C library gives every block
 * pages of its own, which go back when it is released; thousands of small pieces would leave their memory in tatters.
 */
const blockBytes = 2 ** 25;

/** `kinds` from the smallest to the one that holds all. */
const kinds = [Uint8Array, Float32Array, Float64Array] as const;
type Kind = (typeof kinds)[number];

interface Block {
  numbers: Numbers;
  used: number;
}

export class CompactNumbers {
  #blocks: Block[] = [];
  /** Of the last block. */
  #kind: Kind = Uint8Array;
  length = 0;

  /** The array may be reused by the caller afterwards. */
  append(values: Float64Array): void {
    const kind = smallestFor(values);
    for (let from = 0; from < values.length; ) {
      const block = this.#blockFor(kind);
      const part = values.subarray(from, from + block.numbers.length - block.used);
      put(part, block.numbers, block.used);
      block.used += part.length;
      from += part.length;
    }
    this.length += values.length;
  }

  /** One with room. What comes later is held as widely as what came before: all will be in the end. */
  #blockFor(kind: Kind): Block {
    const last = this.#blocks.at(-1);
    if (kinds.indexOf(kind) > kinds.indexOf(this.#kind)) this.#kind = kind;
    else if (last !== undefined && last.used < last.numbers.length) return last;
    const block = { numbers: new this.#kind(blockBytes / this.#kind.BYTES_PER_ELEMENT), used: 0 };
    this.#blocks.push(block);
    return block;
  }

  /** All in one array, the smallest that holds them. The blocks are let go, so that this can be asked for once. */
  take(): Numbers {
    const blocks = this.#blocks;
    this.#blocks = [];
    const numbers = new (kindFor(blocks, this.#kind))(this.length);
    let at = 0;
    for (const { numbers: held, used } of blocks) {
      const part = held.subarray(0, used);
      if (part instanceof Uint8Array && !(numbers instanceof Uint8Array)) {
        for (let i = 0; i < used; i += 1) {
          const value = part[i] as number;
          numbers[at + i] = value === noNumber ? Number.NaN : value;
        }
      } else numbers.set(part, at);
      at += used;
      release(held);
    }
    return numbers;
  }
}

function put(values: Float64Array, to: Numbers, at: number): void {
  if (!(to instanceof Uint8Array)) {
    to.set(values, at);
    return;
  }
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as number;
    to[at + i] = Number.isNaN(value) ? noNumber : value;
  }
}

/** Bytes alone cannot say that a number is missing. */
function kindFor(blocks: readonly Block[], widest: Kind): Kind {
  if (widest !== Uint8Array) return widest;
  return blocks.some(({ numbers, used }) => numbers.subarray(0, used).includes(noNumber))
    ? Float32Array
    : Uint8Array;
}

function smallestFor(values: Float64Array): Kind {
  let [bytes, singles] = [true, true];
  for (let i = 0; i < values.length && singles; i += 1) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    // Of the two zeros, only one is a byte.
    if (bytes && !(value >= 0 && value < noNumber && Number.isInteger(value) && !Object.is(value, -0))) {
      bytes = false;
    }
    singles = Math.fround(value) === value;
  }
  return !singles ? Float64Array : bytes ? Uint8Array : Float32Array;
}
