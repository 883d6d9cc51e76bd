/** The answers of both sides to live requests, read from their prediction logs as these grow. */
import type { Observation } from "@ml-actions/gates/types";
import type { Release } from "@ml-actions/rollout/target";
import type { AnswerReader, MirroredTraffic, Prediction } from "@ml-actions/rollout/targets/index";
import { type Answer, Join, type JoinTally, type Side } from "./join.ts";
import type { ShadowRun } from "./shadow-run.ts";

/** The servers write their prediction logs several times a second, and a copy is sent after its original: the
 * candidate's answer to a request that stable answered longer ago than this is in its log, or counts as lost. */
const settledAfterMs = 3_000;

export interface Mirroring {
  stable: Release;
  candidate: Release;
  /** Numbers an answer. */
  width: number;
  /** Of stable's requests. */
  percent: number;
  /** From when on requests are copied, by the clock of the traffic. */
  copiesFromMs: number;
}

export class MirroredAnswers {
  readonly #traffic: MirroredTraffic;
  readonly #mirroring: Mirroring;
  readonly #join: Join;
  readonly #readers: Record<Side, AnswerReader>;
  /** Answers read so far. */
  readonly seen: Record<Side, number> = { stable: 0, candidate: 0 };

  constructor(traffic: MirroredTraffic, mirroring: Mirroring) {
    const { stable, candidate, width, copiesFromMs } = mirroring;
    this.#traffic = traffic;
    this.#mirroring = mirroring;
    this.#join = new Join(width);
    this.#readers = {
      stable: traffic.answers("stable", stable.digest, copiesFromMs),
      candidate: traffic.answers("candidate", candidate.digest, copiesFromMs),
    };
  }

  /** What there is by now. */
  async look(): Promise<ShadowRun> {
    const { stable, candidate, copiesFromMs, percent } = this.#mirroring;
    const counts = await this.#traffic.telemetry.observe(stable.digest, candidate.digest);
    await this.#readers.candidate.read((line) => this.#add("candidate", line));
    await this.#readers.stable.read((line) => {
      // What had reached stable before copies were sent was not copied.
      if (line.at - line.ms >= copiesFromMs) this.#add("stable", line);
    }, this.#traffic.now() - settledAfterMs);
    const tally = ofCopied(this.#join.tally(), percent);
    const notes = [...this.#readers.stable.losses(), ...this.#readers.candidate.losses()];
    return { stable, sent: sentOf(counts), counts, join: this.#join, tally, contract: null, notes };
  }

  #add(side: Side, line: Prediction): void {
    this.seen[side] += 1;
    this.#join.add(side, answerOf(line));
  }
}

/** Nobody knows which requests were chosen to be copied; how many, by the share that was asked for. */
export function ofCopied(tally: JoinTally, percent: number): JoinTally {
  const spared = Math.min(tally.unanswered, Math.round(tally.eligible * (1 - percent / 100)));
  return { ...tally, eligible: tally.eligible - spared, unanswered: tally.unanswered - spared };
}

const answerOf = ({ request_id: id, input, outputs, ms }: Prediction): Answer => ({ id, input, outputs, ms });

function sentOf(counts: Observation): number {
  return counts.ok ? counts.candidate.requests : 0;
}
