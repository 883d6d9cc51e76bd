/** Numbers that come in pieces, as a stream of rows gives them; each piece is held as small as it can be without loss. */

/** In a piece of bytes: not a number. */
const noNumber = 255;

type Piece = Uint8Array | Float32Array | Float64Array;

export class CompactNumbers {
  #pieces: Piece[] = [];
  length = 0;

  /** The array may be reused by the caller afterwards. */
  append(values: Float64Array): void {
    this.#pieces.push(compact(values));
    this.length += values.length;
  }

  /** All in one array. The pieces are let go on the way, so that this can be asked for once. */
  take(): Float64Array {
    const numbers = new Float64Array(this.length);
    let at = 0;
    for (const piece of this.#pieces) {
      if (piece instanceof Uint8Array) {
        for (let i = 0; i < piece.length; i += 1) {
          const value = piece[i] as number;
          numbers[at + i] = value === noNumber ? Number.NaN : value;
        }
      } else numbers.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    return numbers;
  }
}

function compact(values: Float64Array): Piece {
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
