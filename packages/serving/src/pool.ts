/**
 * Inference in processes of their own. The requests of one tick travel as one message to one idle process, and the
 * next message leaves when the answer is back: one message a request would cost more than the inference. A process
 * that does not answer in time is killed and replaced; of the requests it held only the culprit fails, because its
 * companions are asked again one by one.
 */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { answerWidth, type Contract } from "./contract.ts";
import { ServingError } from "./errors.ts";
import { type FeatureBatch, sliceBatch } from "./feature-batch.ts";
import type { InferenceProcess } from "./inference-process.ts";
import { type Answer, type Job, JobQueue, maxRowsTogether } from "./job-queue.ts";
import { overloaded, stopped, unavailable, wrongWidth } from "./pool-errors.ts";
import type { PoolHealth, PoolOptions, Prediction } from "./pool-types.ts";
import { ProcessGroup, type Slot } from "./process-group.ts";
import { mergeTensors, type TensorData, tensorsOf } from "./tensors.ts";

export type { PoolHealth, PoolOptions, Prediction } from "./pool-types.ts";

/** How many processes may die under a request before it is called the cause. */
const maxCrashes = 3;
/** What a replacement may take on a busy machine, before those that wait for it are given up. */
const replacementMs = 20_000;
/** Messages that a process may have at once, where they may be sent ahead. */
const mostInFlight = 2;
const byItself = { alone: true, ahead: false };

export class InferencePool {
  readonly #contract: Contract;
  readonly #timeoutMs: number;
  readonly #maxQueued: number;
  readonly #processes: ProcessGroup;
  readonly #queue = new JobQueue();
  readonly #patience: NodeJS.Timeout;
  #scheduled = false;
  #stopped = false;
  #lastAnswerAt = 0;

  private constructor(options: PoolOptions) {
    this.#contract = options.contract;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#maxQueued = options.maxQueued ?? 1024;
    const process = { startTimeoutMs: 60_000, ...options, digest: options.digest ?? null };
    this.#processes = new ProcessGroup(process, options.processes ?? 1, {
      onReady: () => this.#schedule(),
      onRestart: (why) => options.onRestart?.(why),
      onRefusal: (why) => this.#rejectAll(unavailable(why)),
    });
    this.#patience = setInterval(() => this.#giveUp(), 500).unref();
  }

  /** Resolves when every process has loaded the model and answered the contract's probe. Rejects with the `ServingError`
   * that says which of file, digest, graph, contract, probe or runtime is at fault; nothing is left running. */
  static async start(options: PoolOptions): Promise<InferencePool> {
    const modelPath = resolve(options.modelPath);
    const program = resolve(options.program);
    await present(modelPath, "model-uri", "there is no model at", "Give the path of an ONNX file.");
    await present(
      program,
      "runtime",
      "there is no inference program at",
      "Give the path of the program that came with this release.",
    );
    const pool = new InferencePool({ ...options, modelPath, program });
    await pool.#processes.start().catch(async (error) => {
      await pool.stop();
      throw error;
    });
    pool.#lastAnswerAt = Date.now();
    return pool;
  }

  /** `sha256:<hex>` of the model that runs. */
  get digest(): string {
    return this.#processes.digest;
  }

  health(): PoolHealth {
    return {
      processes: this.#processes.slots.length,
      alive: this.#processes.alive,
      queued: this.#queue.length,
      restarts: this.#processes.restarts,
      refusal: this.#processes.refusal?.message ?? null,
      lastAnswerAt: this.#lastAnswerAt,
    };
  }

  /** Answers every row. Rejects with a `ServingError`: `instances` (the rows do not fit the contract), `inference` (the
   * graph refused them), `timeout`, `crash`, `overloaded` (too many wait), `stopped`. */
  async predict(batch: FeatureBatch): Promise<Prediction> {
    const width = answerWidth(this.#contract);
    const values = new Float64Array(batch.rows * width);
    let inferenceMs = 0;
    let next = 0;
    // A large batch goes out in parts, two a process at a time, so that it neither fills the queue nor memory.
    const lane = async () => {
      while (next < batch.rows) {
        const from = next;
        next = Math.min(batch.rows, from + maxRowsTogether);
        const part = next - from === batch.rows ? batch : sliceBatch(batch, from, next);
        const tensors = tensorsOf(this.#contract, part);
        const answer = await this.#ask(part.rows, tensors, { alone: false, ahead: part !== batch });
        if (answer.width !== width) throw wrongWidth(answer.width, width);
        values.set(answer.values, from * width);
        inferenceMs += answer.ms;
      }
    };
    const lanes = Math.min(2 * this.#processes.slots.length, Math.ceil(batch.rows / maxRowsTogether));
    await Promise.all(Array.from({ length: lanes }, lane));
    return { rows: batch.rows, width, values, nanRows: countNanRows(values, width), inferenceMs };
  }

  /** Milliseconds that each row takes by itself, measured inside the process around session.run: what a caller with
   * one row waits for the model, without HTTP. Each batch of `rows` is one row. `warmUp` rows are answered first and not
   * counted; the rows are then answered `repeats` times over, and the result holds rows × repeats times in that order. */
  async timeSingleRows(
    rows: readonly FeatureBatch[],
    { warmUp = 50, repeats = 1 }: { warmUp?: number; repeats?: number } = {},
  ): Promise<Float64Array> {
    const singles = rows.map((row) => tensorsOf(this.#contract, row));
    const ms = new Float64Array(rows.length * repeats);
    for (let turn = rows.length === 0 ? 0 : -warmUp; turn < ms.length; turn++) {
      const row = ((turn % rows.length) + rows.length) % rows.length;
      const answer = await this.#ask(1, singles[row] as TensorData[], byItself);
      if (turn >= 0) ms[turn] = answer.ms;
    }
    return ms;
  }

  /** Answers the contract's probe through the queue, as a request would be. */
  async probe(): Promise<void> {
    await this.#ask(1, this.#processes.probe, byItself);
  }

  /** Refuses what waits with code `stopped` and ends the processes; one that is busy is killed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#patience);
    this.#rejectAll(stopped());
    await this.#processes.stop();
  }

  #ask(rows: number, tensors: TensorData[], how: Pick<Job, "alone" | "ahead">): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { refusal } = this.#processes;
      if (this.#stopped) return reject(stopped());
      if (refusal !== null) return reject(unavailable(refusal));
      if (this.#queue.length >= this.#maxQueued)
        return reject(overloaded(`${this.#queue.length} requests wait already`));
      this.#queue.push({ rows, tensors, ...how, crashes: 0, since: performance.now(), resolve, reject });
      this.#schedule();
    });
  }

  /** Nobody waits for ever. */
  #giveUp(): void {
    const patienceMs = this.#timeoutMs + replacementMs;
    for (const job of this.#queue.takeOlder(performance.now() - patienceMs)) {
      job.reject(overloaded(`no inference process was free within ${patienceMs} ms`));
    }
  }

  #rejectAll(error: ServingError): void {
    for (const job of this.#queue.takeAll()) job.reject(error);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the sockets of this tick were read: what arrived together travels together.
    setImmediate(() => {
      this.#scheduled = false;
      // Every idle process gets a message before any gets another.
      for (let inFlight = 0; inFlight < mostInFlight; inFlight++) {
        for (const slot of this.#processes.slots) {
          const { next } = this.#queue;
          if (next === undefined || (inFlight > 0 && !next.ahead)) return;
          if (slot.process === null || slot.inFlight > inFlight) continue;
          void this.#serve(slot, slot.process, this.#queue.take());
        }
      }
    });
  }

  async #serve(slot: Slot, process: InferenceProcess, jobs: Job[]): Promise<void> {
    slot.inFlight++;
    const rows = jobs.reduce((sum, job) => sum + job.rows, 0);
    try {
      const tensors = mergeTensors(jobs.map((job) => job.tensors));
      const { values, width, ms } = await process.run(rows, tensors, this.#timeoutMs);
      slot.failures = 0;
      this.#lastAnswerAt = Date.now();
      let from = 0;
      for (const job of jobs) {
        job.resolve({ values: values.subarray(from * width, (from + job.rows) * width), width, ms });
        from += job.rows;
      }
    } catch (error) {
      this.#failed(jobs, error as ServingError);
    }
    slot.inFlight--;
    this.#schedule();
  }

  /** One that failed in company is asked again alone. A crash alone may have been the machine's doing (memory, an
   * operator), so the answer, which changes nothing anywhere, is asked for again. */
  #failed(jobs: Job[], error: ServingError): void {
    const again: Job[] = [];
    for (const job of jobs) {
      if (error.code === "crash") job.crashes++;
      const innocent = jobs.length > 1 || (error.code === "crash" && job.crashes < maxCrashes);
      if (innocent && !this.#stopped)
        again.push(Object.assign(job, { ...byItself, since: performance.now() }));
      else job.reject(this.#stopped ? stopped() : error);
    }
    this.#queue.putBack(again);
  }
}

function countNanRows(values: Float64Array, width: number): number {
  let count = 0;
  for (let row = 0; row < values.length; row += width) {
    for (let column = row; column < row + width; column++) {
      if (!Number.isFinite(values[column])) {
        count++;
        break;
      }
    }
  }
  return count;
}

async function present(
  path: string,
  code: ServingError["code"],
  what: string,
  remedy: string,
): Promise<void> {
  await access(path).catch((cause: unknown) => {
    throw new ServingError(code, `${what} ${path}`, { cause, remedy });
  });
}
