/** What both sides answered to replayed requests: numbers for the gates, fields for the contract test, counts. */
import type { Observation, SideCounts } from "@ml-actions/gates/types";
import type { Asked } from "./ask.ts";
import type { ContractTest, HttpAnswer } from "./contract-test.ts";
import { Join, type Side } from "./join.ts";
import type { ReplayRequest } from "./replay-requests.ts";
import type { ShadowRun } from "./shadow-run.ts";

/** How an answer becomes numbers: by the names of stable's classes, whatever their order in the candidate. */
export interface Layout {
  width: number;
  classes: readonly string[] | null;
}

/** Of one side: the first answer counts; where it was none, `settled` says what came when asked again. */
export interface OneSide {
  first: Asked;
  settled: HttpAnswer;
}

export class ReplayedAnswers {
  readonly #layout: Layout;
  readonly #contract: ContractTest;
  readonly #join: Join;
  readonly #tallies = { stable: new Tally(), candidate: new Tally() };
  #sent = 0;

  constructor(layout: Layout, contract: ContractTest) {
    this.#layout = layout;
    this.#contract = contract;
    this.#join = new Join(layout.width);
  }

  record(request: ReplayRequest, both: Record<Side, OneSide>): void {
    this.#sent += 1;
    for (const side of ["stable", "candidate"] as const) {
      const { first } = both[side];
      this.#tallies[side].add(first);
      const predictions = first.status === 200 ? predictionsOf(first.json) : null;
      if (predictions === null) continue;
      const outputs = predictions.map((prediction) => numbersOf(prediction, this.#layout));
      // Both got the same bytes.
      this.#join.add(side, { id: request.id, input: "sha256:0", outputs, ms: first.ms });
    }
    this.#contract.record(request, both.stable.settled, both.candidate.settled);
  }

  /** @param requests in the files: those that there was no time for are lost to the comparison */
  result(requests: number, minCoverage: number): Omit<ShadowRun, "stable" | "notes"> {
    const unsent = requests - this.#sent;
    const tally = this.#join.tally();
    const counts: Observation = {
      at: Date.now(),
      ok: true,
      stable: this.#tallies.stable.counts(),
      candidate: this.#tallies.candidate.counts(),
    };
    return {
      sent: this.#sent,
      counts,
      join: this.#join,
      tally: { ...tally, eligible: tally.eligible + unsent, unanswered: tally.unanswered + unsent },
      contract: this.#contract.result(unsent, minCoverage),
    };
  }
}

/** Counts as a proxy would: a failure of the server is one, a refusal of the request is the caller's own. */
class Tally {
  #requests = 0;
  #errors = 0;
  #nan = 0;

  add({ status, nanRows }: Asked): void {
    this.#requests += 1;
    if (status === null || status >= 500) this.#errors += 1;
    if (nanRows > 0) this.#nan += 1;
  }

  counts(): SideCounts {
    return { requests: this.#requests, errors: this.#errors, nan: this.#nan, latency: null };
  }
}

function predictionsOf(json: unknown): unknown[] | null {
  if (typeof json !== "object" || json === null || !("predictions" in json)) return null;
  return Array.isArray(json.predictions) ? json.predictions : null;
}

function numbersOf(prediction: unknown, { classes }: Layout): number | number[] | null {
  if (typeof prediction === "number") return prediction;
  if (classes === null || typeof prediction !== "object" || prediction === null) return null;
  const byName = prediction as Record<string, unknown>;
  return classes.map((name) => {
    const value = Object.hasOwn(byName, name) ? byName[name] : null;
    return typeof value === "number" ? value : Number.NaN;
  });
}
