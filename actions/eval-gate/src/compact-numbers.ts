/** Numbers that come in pieces, as a stream of rows gives them; each piece is held as small as it can be without loss. */

import type { Numbers } from "@ml-actions/gates/metrics/numbers";
import { release } from "@ml-actions/gates/metrics/release";

/** In a piece of bytes: not a number. */
const noNumber = 255;

export class CompactNumbers {
  #pieces: Numbers[] = [];
  length = 0;

  /** The array may be reused by the caller afterwards. */
  append(values: Float64Array): void {
    this.#pieces.push(compact(values));
    this.length += values.length;
  }

  /** All in one array, the smallest that holds them. The pieces are let go, so that this can be asked for once. */
  take(): Numbers {
    const pieces = this.#pieces;
    this.#pieces = [];
    const numbers = smallestFor(pieces, this.length);
    let at = 0;
    for (const piece of pieces) {
      if (piece instanceof Uint8Array && !(numbers instanceof Uint8Array)) {
        for (let i = 0; i < piece.length; i += 1) {
          const value = piece[i] as number;
          numbers[at + i] = value === noNumber ? Number.NaN : value;
        }
      } else numbers.set(piece, at);
      at += piece.length;
      release(piece);
    }
    return numbers;
  }
}

function smallestFor(pieces: readonly Numbers[], length: number): Numbers {
  if (pieces.some((piece) => piece instanceof Float64Array)) return new Float64Array(length);
  const bytes = pieces.every((piece) => piece instanceof Uint8Array && !piece.includes(noNumber));
  return bytes ? new Uint8Array(length) : new Float32Array(length);
}

function compact(values: Float64Array): Numbers {
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
  if (!singles) return values.slice();
  if (!bytes) return new Float32Array(values);
  return Uint8Array.from(values, (value) => (Number.isNaN(value) ? noNumber : value));
}
