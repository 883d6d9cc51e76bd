/** Sends each request to both sides at the same time, so that a busy machine is busy for both, at a bounded pace. */
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { ReleaseProcess } from "@ml-actions/rollout/local/release-process";
import { type Asked, ask } from "./ask.ts";
import { type HttpAnswer, isFailure } from "./contract-test.ts";
import type { Side } from "./join.ts";
import type { ReplayRequest } from "./replay-requests.ts";
import type { OneSide } from "./replayed-answers.ts";

/** Without a rate: enough to keep a core busy, few enough that latencies are not those of a queue. */
const atOnce = 4;
/** With a rate: as many as wait for an answer until the pace is given up. */
const atOnceWithRate = 64;
/** The first requests of a process are slow for reasons that do not come again: code is compiled, caches are empty. */
const warmUpRequests = 20;
/** For a server that crashed of a request to be there again. */
const backWithinMs = 30_000;
/** A shorter replay has no pace worth judging. */
const slowestJudgedMs = 1_000;

export interface Pace {
  deadline: number;
  /** Requests a second; null: as fast as four at a time are answered. */
  rate: number | null;
  signal: AbortSignal;
}

/** What is needed of the process that answers for a side. */
export type Answering = Pick<ReleaseProcess, "address" | "hurry" | "whenReady">;
type Processes = Record<Side, Answering>;
type Recorder = (request: ReplayRequest, both: Record<Side, OneSide>) => void;

export class Sending {
  readonly #processes: Processes;
  readonly #pace: Pace;

  constructor(processes: Processes, pace: Pace) {
    this.#processes = processes;
    this.#pace = pace;
  }

  /** Sends the first few requests, of which nothing is kept. */
  async warmUp(requests: AsyncIterable<ReplayRequest>): Promise<void> {
    const agent = new Agent({ keepAlive: true });
    let sent = 0;
    for await (const { body } of requests) {
      if (sent === warmUpRequests || this.#isOver()) break;
      sent += 1;
      const bytes = Buffer.from(body);
      await this.#both((side) => ask(this.#portOf(side), agent, `warm-up-${sent}`, bytes), sent);
    }
    agent.destroy();
    await this.#both((side) => this.#back(side), 0);
  }

  /** Until all are answered or the time is over. */
  async sendAll(requests: AsyncIterable<ReplayRequest>, record: Recorder): Promise<{ notes: string[] }> {
    const agent = new Agent({ keepAlive: true });
    const source = requests[Symbol.asyncIterator]();
    const { rate, signal } = this.#pace;
    // A cancelled run does not wait for a server that does not answer.
    const hangUp = () => agent.destroy();
    signal.addEventListener("abort", hangUp);
    const beganAt = performance.now();
    let taken = 0;
    let answered = 0;
    const lane = async () => {
      for (;;) {
        const { value: request, done } = await source.next();
        if (done === true) return;
        const turn = taken++;
        if (rate !== null) await this.#until(beganAt + (turn * 1000) / rate);
        if (this.#isOver()) return;
        record(request, await this.#exchange(request, agent, turn));
        answered += 1;
      }
    };
    try {
      await Promise.all(Array.from({ length: rate === null ? atOnce : atOnceWithRate }, lane));
    } finally {
      signal.removeEventListener("abort", hangUp);
      agent.destroy();
      await source.return?.();
    }
    return { notes: this.#paceNotes(answered, performance.now() - beganAt) };
  }

  #paceNotes(answered: number, tookMs: number): string[] {
    const perSecond = (answered * 1000) / tookMs;
    const shown = Number(perSecond.toPrecision(3)).toLocaleString("en-US");
    const { rate } = this.#pace;
    if (rate === null) return [`${shown} requests a second went to both sides, ${atOnce} at a time`];
    return tookMs > slowestJudgedMs && perSecond < 0.9 * rate
      ? [`${shown} requests a second went to both sides: they could not keep up with the ${rate} asked for`]
      : [];
  }

  /** Who is asked first has the machine for itself for a moment: they take turns. */
  async #both<Answer>(one: (side: Side) => Promise<Answer>, turn: number): Promise<Record<Side, Answer>> {
    const order: readonly Side[] = turn % 2 === 0 ? ["stable", "candidate"] : ["candidate", "stable"];
    const answers = await Promise.all(order.map(one));
    const [first, second] = answers as [Answer, Answer];
    return turn % 2 === 0 ? { stable: first, candidate: second } : { stable: second, candidate: first };
  }

  async #exchange({ id, body }: ReplayRequest, agent: Agent, turn: number): Promise<Record<Side, OneSide>> {
    const bytes = Buffer.from(body);
    const send = (side: Side) => ask(this.#portOf(side), agent, id, bytes);
    const first = await this.#both(send, turn);
    const settled = await this.#both((side) => this.#settled(side, first[side], send), turn);
    return {
      stable: { first: first.stable, settled: settled.stable },
      candidate: { first: first.candidate, settled: settled.candidate },
    };
  }

  /** A failure that does not come again is one of the moment, which `error_rate` counts; one that does is the answer. */
  async #settled(side: Side, first: Asked, send: (side: Side) => Promise<Asked>): Promise<HttpAnswer> {
    if (!isFailure(first)) return first;
    this.#pace.signal.throwIfAborted();
    await this.#back(side);
    return send(side);
  }

  async #back(side: Side): Promise<void> {
    this.#processes[side].hurry();
    await this.#processes[side].whenReady(backWithinMs).catch(() => {});
  }

  #portOf(side: Side): number | null {
    return this.#processes[side].address()?.port ?? null;
  }

  #isOver(): boolean {
    this.#pace.signal.throwIfAborted();
    return Date.now() >= this.#pace.deadline;
  }

  async #until(moment: number): Promise<void> {
    const leftMs = Math.min(moment - performance.now(), this.#pace.deadline - Date.now());
    if (leftMs > 0) await sleep(leftMs, undefined, { signal: this.#pace.signal });
  }
}
