/** Numbers of which nobody knows beforehand how many there will be, in one typed array: a million take 8 MB, not 80. */
type Numbers = Float64Array | Uint32Array | Uint8Array;

export class Growing<Kind extends Numbers> {
  readonly #make: (length: number) => Kind;
  #array: Kind;
  length = 0;

  constructor(make: (length: number) => Kind) {
    this.#make = make;
    this.#array = make(1024);
  }

  push(value: number): void {
    this.reserve(1);
    this.#array[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#array[index] as number;
  }

  set(index: number, value: number): void {
    this.#array[index] = value;
  }

  /** What is in it, not copied: valid until the next push. */
  view(from = 0, to = this.length): Kind {
    return this.#array.subarray(from, to) as Kind;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.#array.length) return;
    const larger = this.#make(2 * (this.length + more));
    larger.set(this.#array);
    this.#array = larger;
  }
}

export const doubles = () => new Growing((length) => new Float64Array(length));
export const indexes = () => new Growing((length) => new Uint32Array(length));
export const bytes = () => new Growing((length) => new Uint8Array(length));
