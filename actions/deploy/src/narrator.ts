/** Tells a rollout while it runs: one line an interval, one a step, and keeps what the report needs. */
import type { Log } from "@ml-actions/action-kit/action";
import { quantile } from "@ml-actions/gates/judge/histogram";
import type { SideCounts } from "@ml-actions/gates/types";
import {
  progressLegend,
  progressLine,
  type RolloutObservation,
  type SideObservation,
} from "@ml-actions/reports";
import type { Observed, RolloutEvent } from "@ml-actions/rollout/events";
import { type Foresight, foresightText } from "@ml-actions/rollout/foresee";
import { needOf, needText, spell } from "@ml-actions/rollout/patience";
import type { RolloutPlan } from "@ml-actions/rollout/plan";
import { stepText } from "@ml-actions/rollout/resume";

export class Narrator {
  readonly observations: RolloutObservation[] = [];
  readonly journal: { at: number; text: string }[] = [];
  readonly #log: Log;
  readonly #plan: RolloutPlan;
  #stepBegan = 0;
  #hasToldNeed = false;
  #decidedAt: number | null = null;
  /** From the decision to give one side all traffic until it had it; null: there was none, or it did not come to that. */
  settledMs: number | null = null;

  constructor(log: Log, plan: RolloutPlan) {
    this.#log = log;
    this.#plan = plan;
  }

  hear(event: RolloutEvent): void {
    switch (event.kind) {
      case "journal":
        this.journal.push({ at: event.at, text: stepText(event.step) });
        if (event.step.name === "split") this.#beginStep(event.at);
        if (event.step.name === "prepare") this.#log.info(`Preparing ${this.#plan.candidate.label} …`);
        if (event.step.name === "restore") this.#log.info(`Restoring stable: ${event.step.reason}`);
        break;
      case "observed":
        this.#observe(event.at, event);
        break;
      case "decision":
        if (event.decision.kind === "promote" || event.decision.kind === "restore")
          this.#decidedAt = event.at;
        if (event.decision.kind !== "wait")
          this.#log.info(`→ ${event.decision.kind}: ${event.decision.reason}`);
        break;
      case "resumption":
        this.journal.push({ at: event.at, text: event.resumption.note ?? event.resumption.kind });
        if (event.resumption.note !== null) {
          this.#log.notice(
            `An earlier rollout: ${event.resumption.note} (${outcomes[event.resumption.kind]})`,
          );
        }
        break;
      case "foresight":
        this.#tellForesight(event.at, event.foresight);
        break;
      case "trouble":
        this.#log.warning(event.message);
        break;
      case "done":
        if (["promote", "restore"].includes(event.step.name) && this.#decidedAt !== null)
          this.settledMs = event.at - this.#decidedAt;
        break;
      case "lease":
      case "end":
        break;
    }
  }

  #tellForesight(at: number, foresight: Foresight): void {
    const text = foresightText(foresight, this.#plan);
    this.#hasToldNeed = true;
    this.journal.push({ at, text });
    if (foresight.isShort) this.#log.warning(text);
    else this.#log.notice(text);
  }

  #beginStep(at: number): void {
    if (this.#stepBegan === 0) this.#log.info(progressLegend);
    this.#stepBegan = at;
  }

  #observe(at: number, { weight, observation, total, verdicts }: Observed): void {
    const { requests, failures } = total;
    const progress = { weightPercent: weight, elapsedMs: at - this.#stepBegan, requests, failures, verdicts };
    const problem = observation.ok ? {} : { problem: observation.problem };
    this.#log.info(progressLine({ ...progress, ...problem }));
    this.#tellNeed(progress.elapsedMs, requests.candidate, verdicts);
    this.observations.push(
      observation.ok
        ? {
            at,
            weightPercent: weight,
            stable: sideOf(observation.stable),
            candidate: sideOf(observation.candidate),
          }
        : { at, weightPercent: weight, problem: observation.problem, detail: observation.detail },
    );
  }

  /** Once, in the first step: a proof that takes hours is better known in its first minute. */
  #tellNeed(elapsedMs: number, requests: number, verdicts: Observed["verdicts"]): void {
    const need = needOf(verdicts);
    if (this.#hasToldNeed || need === null || requests === 0 || elapsedMs < tellNeedAfterMs) return;
    this.#hasToldNeed = true;
    const needMs = (need.requests * elapsedMs) / requests;
    const limit = spell(this.#plan.stepTimeoutMs);
    this.#log.notice(
      `${needText(need, needMs)}; \`step-timeout\` is ${limit}. A larger first step brings them sooner`,
    );
  }
}

/** From then on the requests so far say how they come. */
const tellNeedAfterMs = 60_000;

const outcomes = {
  clear: "nothing left to do",
  finished: "closed as promoted",
  restore: "stable is restored first",
} as const;

function sideOf({ requests, errors, nan, latency }: SideCounts): SideObservation {
  const at = (share: number) => (latency === null ? null : quantile(latency, share));
  return { requests, errors, nan, p50Ms: at(0.5), p99Ms: at(0.99) };
}
