/** The answers of both sides to the same requests, joined by request id as they come, with nothing lost in silence. */
import { bytes, doubles, indexes } from "./growing.ts";

export type Side = "stable" | "candidate";

/** One answered request of one side. */
export interface Answer {
  id: string;
  /** Digest of the request's instances. */
  input: string;
  /** One entry an instance: a number, one number a class, or null where it was none. */
  outputs: readonly (number | readonly number[] | null)[];
  /** How long it took, in milliseconds. */
  ms: number;
}

/** What became of the answers of stable, in requests. */
export interface JoinTally {
  /** Answered by stable: what could have been compared. */
  eligible: number;
  compared: number;
  /** Left out: their id came more than once on a side, so that nobody can say which answers belong together. */
  duplicates: number;
  /** Left out: the same id with other instances on each side. */
  differingInputs: number;
  /** No answer of the candidate. */
  unanswered: number;
}

/** The compared answers, dense: `rows` instances of `requests` requests, in the order of stable's answers. */
export interface Compared {
  requests: number;
  rows: number;
  /** rows × width, row by row; NaN where an answer was no number. */
  scores: Record<Side, Float64Array>;
  /** One a request. */
  ms: Record<Side, Float64Array>;
  /** requests + 1: request r has the rows from starts[r] to starts[r + 1]. */
  starts: Uint32Array;
  /** Of an instance of a request: its row, −1 when it was not compared, −2 when the id was never seen. */
  rowOf(id: string, instance: number): number;
}

const flags = { repeated: 1, differs: 2 } as const;
const nowhere = 0xffff_ffff;
const sides: readonly Side[] = ["stable", "candidate"];

export class Join {
  readonly #width: number;
  readonly #slots = new Map<string, number>();
  readonly #flags = bytes();
  /** 64 bits of the digest of the side that came first: two inputs of one id agree in them by chance once in 2⁶⁴. */
  readonly #digest = [indexes(), indexes()] as const;
  readonly #instances = indexes();
  readonly #sides = { stable: new SideColumns(), candidate: new SideColumns() };

  /** @param width numbers an answer: classes of a multiclass model, else 1 */
  constructor(width: number) {
    this.#width = width;
  }

  add(side: Side, answer: Answer): void {
    const slot = this.#slotOf(answer);
    const columns = this.#sides[side];
    columns.times.set(slot, columns.times.at(slot) + 1);
    if (columns.times.at(slot) > 1) {
      this.#flags.set(slot, this.#flags.at(slot) | flags.repeated);
      return;
    }
    if (!this.#sameInput(slot, answer)) this.#flags.set(slot, this.#flags.at(slot) | flags.differs);
    columns.first.set(slot, columns.scores.length / this.#width);
    columns.ms.set(slot, answer.ms);
    for (const output of answer.outputs) this.#append(columns, output);
  }

  tally(): JoinTally {
    const tally = { eligible: 0, compared: 0, duplicates: 0, differingInputs: 0, unanswered: 0 };
    for (let slot = 0; slot < this.#flags.length; slot += 1) {
      const times = this.#sides.stable.times.at(slot);
      if (times === 0) continue;
      tally.eligible += times;
      const flag = this.#flags.at(slot);
      if (flag & flags.repeated) tally.duplicates += times;
      else if (this.#sides.candidate.times.at(slot) === 0) tally.unanswered += 1;
      else if (flag & flags.differs) tally.differingInputs += 1;
      else tally.compared += 1;
    }
    return tally;
  }

  compared(): Compared {
    const startOf = new Uint32Array(this.#flags.length).fill(nowhere);
    const [starts, chosen] = [indexes(), indexes()];
    let rows = 0;
    for (let slot = 0; slot < startOf.length; slot += 1) {
      if (!this.#isCompared(slot)) continue;
      startOf[slot] = rows;
      starts.push(rows);
      chosen.push(slot);
      rows += this.#instances.at(slot);
    }
    starts.push(rows);
    const dense = (side: Side) => this.#denseScores(side, chosen.view(), rows);
    const times = (side: Side) => Float64Array.from(chosen.view(), (slot) => this.#sides[side].ms.at(slot));
    return {
      requests: chosen.length,
      rows,
      scores: { stable: dense("stable"), candidate: dense("candidate") },
      ms: { stable: times("stable"), candidate: times("candidate") },
      starts: starts.view(),
      rowOf: (id, instance) => {
        const slot = this.#slots.get(id);
        if (slot === undefined) return -2;
        const start = startOf[slot] ?? nowhere;
        return start === nowhere || !(instance >= 0 && instance < this.#instances.at(slot))
          ? -1
          : start + instance;
      },
    };
  }

  #slotOf({ id, input, outputs }: Answer): number {
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    const slot = this.#slots.size;
    this.#slots.set(id, slot);
    this.#flags.push(0);
    const words = digestWords(input);
    this.#digest[0].push(words[0]);
    this.#digest[1].push(words[1]);
    this.#instances.push(outputs.length);
    for (const side of sides) this.#sides[side].open();
    return slot;
  }

  #sameInput(slot: number, { input, outputs }: Answer): boolean {
    const [high, low] = digestWords(input);
    return (
      this.#digest[0].at(slot) === high &&
      this.#digest[1].at(slot) === low &&
      this.#instances.at(slot) === outputs.length
    );
  }

  #append({ scores }: SideColumns, output: Answer["outputs"][number]): void {
    const numbers = typeof output === "number" ? [output] : (output ?? []);
    const fits = numbers.length === this.#width;
    for (let index = 0; index < this.#width; index += 1)
      scores.push(fits ? (numbers[index] as number) : Number.NaN);
  }

  #isCompared(slot: number): boolean {
    return this.#flags.at(slot) === 0 && sides.every((side) => this.#sides[side].times.at(slot) === 1);
  }

  #denseScores(side: Side, chosen: Uint32Array, rows: number): Float64Array {
    const { scores, first } = this.#sides[side];
    const dense = new Float64Array(rows * this.#width);
    let to = 0;
    for (const slot of chosen) {
      const from = first.at(slot) * this.#width;
      const end = from + this.#instances.at(slot) * this.#width;
      for (let at = from; at < end; at += 1) dense[to++] = scores.at(at);
    }
    return dense;
  }
}

/** One entry a slot, but for `scores`, which has an entry a number. */
class SideColumns {
  readonly times = indexes();
  readonly first = indexes();
  readonly ms = doubles();
  readonly scores = doubles();

  open(): void {
    this.times.push(0);
    this.first.push(0);
    this.ms.push(0);
  }
}

/** The first 64 bits of `sha256:<hex>`. */
function digestWords(digest: string): [number, number] {
  const hex = digest.slice(digest.indexOf(":") + 1);
  return [Number.parseInt(hex.slice(0, 8), 16) >>> 0, Number.parseInt(hex.slice(8, 16), 16) >>> 0];
}
