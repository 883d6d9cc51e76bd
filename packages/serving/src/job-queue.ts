/** Rows that wait for a process, and which of them travel together. */
import type { ServingError } from "./errors.ts";
import type { TensorData } from "./tensors.ts";

export interface Answer {
  values: Float64Array;
  width: number;
  /** Milliseconds around session.run of the message these rows were in, other requests' rows included. */
  ms: number;
}

export interface Job {
  rows: number;
  tensors: TensorData[];
  /** It travels without company: a batch that held it timed out, crashed or was refused, or it is being timed. */
  alone: boolean;
  /** It may be sent to a process that is still at another message: a part of a large batch, whose next part would
   * otherwise wait for this process's attention after every answer. */
  ahead: boolean;
  /** Processes that have died under it. */
  crashes: number;
  /** Since when it waits, by `performance.now()`. */
  since: number;
  resolve: (answer: Answer) => void;
  reject: (error: ServingError) => void;
}

/** The most requests in one message: more gain nothing and make a retry one by one longer. */
export const maxRequestsTogether = 64;
/** The most rows in one message: keeps a message below a few hundred kilobytes and a process's answer soon. */
export const maxRowsTogether = 1024;

export class JobQueue {
  #jobs: Job[] = [];
  /** Jobs before this position have been taken: shifting a long array for every message would cost its length. */
  #head = 0;

  get length(): number {
    return this.#jobs.length - this.#head;
  }

  /** The job that is taken next. */
  get next(): Job | undefined {
    return this.#jobs[this.#head];
  }

  push(job: Job): void {
    this.#jobs.push(job);
  }

  /** Back to the front, in this order. */
  putBack(jobs: Job[]): void {
    this.#jobs.splice(0, this.#head, ...jobs);
    this.#head = 0;
  }

  /** The jobs of the next message: the first alone, or as many as may travel together. */
  take(): Job[] {
    const taken: Job[] = [];
    let rows = 0;
    for (; this.#head < this.#jobs.length && taken.length < maxRequestsTogether; this.#head++) {
      const job = this.#jobs[this.#head] as Job;
      if (taken.length > 0 && (job.alone || rows + job.rows > maxRowsTogether)) break;
      taken.push(job);
      rows += job.rows;
      if (job.alone) {
        this.#head++;
        break;
      }
    }
    if (this.#head === this.#jobs.length || this.#head > 1024) {
      this.#jobs = this.#jobs.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Takes out those that have waited since before this moment. */
  takeOlder(moment: number): Job[] {
    const waiting = this.takeAll();
    const old = waiting.filter((job) => job.since < moment);
    this.#jobs = old.length === 0 ? waiting : waiting.filter((job) => job.since >= moment);
    return old;
  }

  takeAll(): Job[] {
    const rest = this.#jobs.slice(this.#head);
    this.#jobs = [];
    this.#head = 0;
    return rest;
  }
}
