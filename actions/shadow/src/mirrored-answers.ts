/** The answers of both sides to live requests, read from their prediction logs as these grow. */
import type { Observation } from "@ml-actions/gates/types";
import type { Release } from "@ml-actions/rollout/target";
import type { Prediction } from "@ml-actions/rollout/targets/index";
import type { LocalTarget } from "@ml-actions/rollout/targets/local";
import { type Answer, Join, type Side } from "./join.ts";
import type { ShadowRun } from "./shadow-run.ts";
import { Tail } from "./tail.ts";

/** The servers write their prediction logs several times a second, and a copy is sent after its original: the
 * candidate's answer to a request that stable answered longer ago than this is in its log, or counts as lost. */
const settledAfterMs = 3_000;

type Opened = Pick<LocalTarget, "mirrorTelemetry" | "predictions">;

export interface Mirroring {
  stable: Release;
  candidate: Release;
  /** Numbers an answer. */
  width: number;
  /** From when every request was copied, in ms since 1970. */
  copiesFromMs: number;
}

export class MirroredAnswers {
  readonly #opened: Opened;
  readonly #mirroring: Mirroring;
  readonly #join: Join;
  readonly #tails: Record<Side, Tail>;

  constructor(opened: Opened, mirroring: Mirroring) {
    const { stable, candidate, width, copiesFromMs } = mirroring;
    const tail = ({ digest }: Release) =>
      new Tail((fromMs) => opened.predictions(digest, fromMs), copiesFromMs);
    this.#opened = opened;
    this.#mirroring = mirroring;
    this.#join = new Join(width);
    this.#tails = { stable: tail(stable), candidate: tail(candidate) };
  }

  /** What there is by now. */
  async look(): Promise<ShadowRun> {
    const { stable, candidate, copiesFromMs } = this.#mirroring;
    const counts = await this.#opened.mirrorTelemetry.observe(stable.digest, candidate.digest);
    for await (const line of this.#tails.candidate.news()) this.#join.add("candidate", answerOf(line));
    for await (const line of this.#tails.stable.news(Date.now() - settledAfterMs)) {
      // What had reached stable before copies were sent was not copied.
      if (line.at - line.ms >= copiesFromMs) this.#join.add("stable", answerOf(line));
    }
    const tally = this.#join.tally();
    return { stable, sent: sentOf(counts), counts, join: this.#join, tally, contract: null, notes: [] };
  }
}

const answerOf = ({ request_id: id, input, outputs, ms }: Prediction): Answer => ({ id, input, outputs, ms });

function sentOf(counts: Observation): number {
  return counts.ok ? counts.candidate.requests : 0;
}
