/**
 * What the pods of one side have answered since one last looked, from their logs. Each pod is read on from its own last
 * line, by the time that its node wrote beside it: no clock of ours decides what is new. Pods that come are read from the
 * beginning of the shadow, pods that go for as long as the cluster keeps their log, and a container that was started again
 * from the end of the process before.
 */
import { ClusterError } from "@ml-actions/cluster/error";
import type { Api } from "@ml-actions/cluster/types";
import { parsePrediction } from "../local/predictions.ts";
import type { AnswerReader, Prediction } from "../targets/open-target.ts";
import { inParallel } from "../waves.ts";
import type { PodRef } from "./platform.ts";
import { type LogLine, logLine } from "./pod-log-line.ts";

/** Logs read at once: each is a stream of its own. */
const atOnce = 8;
/** To find a side's pods takes several calls. */
const listEveryMs = 5_000;

export interface PodAnswersOptions {
  api: Pick<Api, "podLog" | "now">;
  /** The pods of the side that serve now. */
  pods: () => Promise<readonly PodRef[]>;
  /** Answers before this moment (ms since 1970) are left out. */
  fromMs: number;
}

type Add = (answer: Prediction) => void;

export class PodAnswers implements AnswerReader {
  readonly #options: PodAnswersOptions;
  readonly #logs = new Map<string, PodLog>();
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(options: PodAnswersOptions) {
    this.#options = options;
  }

  /** Rejects with `ClusterError` when the API server is away for longer than patience lasts; the next call goes on. */
  async read(add: Add, upToMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { api, pods, fromMs } = this.#options;
    if (performance.now() - this.#listedAt >= listEveryMs) {
      for (const pod of await pods())
        if (!this.#logs.has(pod.uid)) this.#logs.set(pod.uid, new PodLog(api, pod, fromMs));
      this.#listedAt = performance.now();
    }
    await inParallel([...this.#logs.values()], atOnce, (log) => log.read(add, upToMs));
  }

  losses(): string[] {
    return [...this.#logs.values()].flatMap((log) => log.losses());
  }
}

/** Where reading goes on: after `seen` lines of this very moment. */
interface Place {
  moment: string;
  seen: number;
}

class PodLog {
  readonly #api: Pick<Api, "podLog">;
  readonly #pod: PodRef;
  readonly #fromMs: number;
  #place: Place | null = null;
  #gone = false;
  #restarts = 0;
  #gaps = 0;

  constructor(api: Pick<Api, "podLog">, pod: PodRef, fromMs: number) {
    this.#api = api;
    this.#pod = pod;
    this.#fromMs = fromMs;
  }

  async read(add: Add, upToMs: number): Promise<void> {
    if (this.#gone) return;
    const before = this.#place;
    let joined = false;
    for await (const line of this.#lines(false)) {
      if (!joined) {
        joined = true;
        // The log's beginning is gone from where we were: the container was started again, or the log was rotated.
        const missing = before === null || line.moment > before.moment;
        const bridge = missing ? await this.#readBefore(add, upToMs, before) : null;
        if (bridge === "unfinished") return;
        if (bridge === "nothing" && before !== null) this.#gaps += 1;
      }
      if (!this.#take(line, add, upToMs)) return;
    }
    if (!joined && before !== null && !this.#gone) await this.#readBefore(add, upToMs, before);
  }

  losses(): string[] {
    const { name } = this.#pod;
    return [
      ...(this.#restarts > 0
        ? [`the container of pod ${name} was started again (${this.#restarts} times seen)`]
        : []),
      ...(this.#gaps > 0
        ? [
            `the log of pod ${name} was rotated ${this.#gaps} times between two looks: a moment of it may be lost`,
          ]
        : []),
    ];
  }

  /** What the process before wrote last, since then. */
  async #readBefore(
    add: Add,
    upToMs: number,
    place: Place | null,
  ): Promise<"read" | "nothing" | "unfinished"> {
    let found = false;
    let wrote = false;
    for await (const line of this.#lines(true)) {
      found ||= line.moment === place?.moment;
      wrote ||= place === null || line.moment > place.moment;
      if (!this.#take(line, add, upToMs)) return "unfinished";
    }
    if (wrote) this.#restarts += 1;
    return wrote || found ? "read" : "nothing";
  }

  /** False: it is too young. */
  #take(line: LogLine, add: Add, upToMs: number): boolean {
    const place = this.#place;
    if (place !== null && line.moment < place.moment) return true;
    if (place !== null && line.moment === place.moment && line.number <= place.seen) return true;
    // Most of what else is there is the server's own log, which is JSON too.
    const { text } = line;
    const prediction = text.startsWith("{") && text.includes('"request_id"') ? parsePrediction(text) : null;
    if (prediction !== null && prediction.at > upToMs) return false;
    this.#place = { moment: line.moment, seen: line.number };
    if (prediction !== null && prediction.at >= this.#fromMs) add(prediction);
    return true;
  }

  async *#lines(previous: boolean): AsyncGenerator<LogLine> {
    const { namespace, name, container } = this.#pod;
    const sinceMs = this.#place === null ? this.#fromMs : Date.parse(this.#place.moment);
    const log = this.#api.podLog({ namespace, name, container, sinceMs, previous, timestamps: true });
    let last: LogLine | null = null;
    try {
      for await (const text of log) {
        const line = logLine(text, last);
        if (line === null) continue;
        last = line;
        yield line;
      }
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      // No process has ended before, or none has begun yet.
      if (error.code === "invalid") return;
      if (error.code !== "not-found") throw error;
      this.#gone = true;
    }
  }
}
