import { Judge, type OnlineVerdict } from "@ml-actions/gates/judge";
import type { Observation } from "@ml-actions/gates/types";
import type { Decision, Phase } from "./decide.ts";
import type { Observed, OnEvent, PhaseEnd, PhaseReport, Ports, RolloutEvent, StepReport } from "./events.ts";
import { foresee } from "./foresee.ts";
import { type HeldLease, isTaken, takenOver } from "./lease.ts";
import type { RolloutPlan } from "./plan.ts";
import type { JournalStep } from "./target.ts";
import { noTraffic, since, type Totals, totalsOf } from "./totals.ts";

/** Thrown inside a run when the caller cancelled: the run restores stable and reports. */
export class Cancelled extends Error {
  override name = "Cancelled";
}

/** A source that gives no answer for this long, or for an interval where that is longer, is out. */
const leastAnswerMs = 10_000;

/** One rollout while it runs: every step goes through the journal first, every look is recorded. */
export class Run {
  readonly plan: RolloutPlan;
  readonly ports: Ports;
  readonly rollout: string;
  readonly lease: HeldLease;
  readonly startedAt: number;
  readonly observations: Observation[] = [];
  readonly steps: StepReport[] = [];
  readonly phases: PhaseReport[] = [];
  readonly judge: Judge;
  verdicts: OnlineVerdict[] = [];
  readonly #onEvent: OnEvent;
  #stepStart: Totals = noTraffic;

  constructor(
    plan: RolloutPlan,
    ports: Ports,
    onEvent: OnEvent,
    held: { rollout: string; lease: HeldLease },
  ) {
    this.plan = plan;
    this.ports = ports;
    this.#onEvent = onEvent;
    this.rollout = held.rollout;
    this.lease = held.lease;
    this.startedAt = ports.clock.now();
    this.judge = new Judge(plan.gates, plan);
  }

  tell(event: DistributiveOmit<RolloutEvent, "at">): void {
    this.#onEvent({ at: this.ports.clock.now(), ...event });
  }

  /** Writes the step to the journal, then takes it. Nothing is begun once the run is cancelled or its lease lost.
   * @throws Cancelled, RolloutError `lease-lost`, or what the target or the ledger says */
  async take(step: JournalStep, work: () => Promise<void>): Promise<void> {
    this.throwIfInterrupted();
    await this.#guarded(async () => {
      await this.#write(step);
      this.lease.lost.throwIfAborted();
      await work();
    });
    this.tell({ kind: "done", step });
  }

  /** As `take`, for what must happen whatever else fails: also after a cancellation, and also when the journal cannot
   * be written, because users come before books. Still nothing once the lease is lost. */
  async takeAnyhow(step: JournalStep, work: () => Promise<void>): Promise<void> {
    await this.#guarded(async () => {
      this.lease.lost.throwIfAborted();
      await this.#write(step).catch((error: Error) => {
        if (isTaken(error)) {
          throw error;
        }
        this.tell({ kind: "trouble", message: `the journal could not be written: ${error.message}` });
      });
      await work();
    });
    this.tell({ kind: "done", step });
  }

  async #write(step: JournalStep): Promise<void> {
    const { clock, ledger } = this.ports;
    await ledger.write({ at: clock.now(), rollout: this.rollout, holder: this.plan.holder, step });
    this.tell({ kind: "journal", step });
  }

  /** Whoever says it first, losing the lease is one error: the lease's own when it knows already. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.lease.lost.throwIfAborted();
    } catch (error) {
      if (this.lease.lost.aborted) {
        throw this.lease.lost.reason;
      }
      throw isTaken(error) ? await takenOver(this.ports.ledger, this.rollout, error as Error) : error;
    }
  }

  /** Waits so long, or until the run is cancelled or its lease lost. */
  async pause(ms: number): Promise<void> {
    await this.ports.clock.sleep(ms, AbortSignal.any(this.#interrupts()));
    this.throwIfInterrupted();
  }

  /** Looks once, and judges all that was seen so far. */
  async observe(weight: number, stableDigest: string): Promise<void> {
    const before = totalsOf(this.observations);
    const observation = await this.ask(stableDigest);
    this.throwIfInterrupted();
    this.observations.push(observation);
    this.judge.look(observation);
    this.verdicts = this.judge.verdicts();
    const total = totalsOf(this.observations);
    const observed: Observed = {
      kind: "observed",
      weight,
      observation,
      total,
      interval: since(before, total),
      verdicts: this.verdicts,
    };
    this.#noteStep(total);
    this.tell(observed);
  }

  /** Tells what the proof will take, where the source knows how much traffic stable has. */
  async foresee(stableDigest: string): Promise<void> {
    const { telemetry } = this.ports;
    const asked = telemetry.past?.(stableDigest, this.plan.candidate.digest).catch(() => null);
    const past = asked === undefined ? null : await this.within(asked, this.#answerWithinMs, null);
    const foresight = past === null ? null : foresee(this.plan, past);
    if (foresight !== null) this.tell({ kind: "foresight", foresight });
  }

  get #answerWithinMs(): number {
    return Math.max(leastAnswerMs, this.plan.intervalMs);
  }

  /** Opens the report of a weight, from the counts as they stand. */
  beginStep(weight: number): Totals {
    const now = this.ports.clock.now();
    this.#stepStart = totalsOf(this.observations);
    this.steps.push({ weight, from: now, to: now, ...noTraffic, verdicts: this.verdicts });
    return this.#stepStart;
  }

  /** Until `endPhase` it counts as interrupted: by a fault, a cancellation, or the loss of the lease. */
  beginPhase({ name, weight, since }: Phase): void {
    const firstLook = this.observations.length;
    this.phases.push({ name, weight, from: since, to: since, firstLook, looks: 0, ended: "interrupted" });
  }

  endPhase(decision: Decision): void {
    Object.assign(this.phases.at(-1) ?? {}, { ended: endOf(decision) });
  }

  /** After a look: the moment that its decision is taken at. */
  notePhase(): number {
    const now = this.ports.clock.now();
    const phase = this.phases.at(-1);
    Object.assign(phase ?? {}, { to: now, looks: this.observations.length - (phase?.firstLook ?? 0) });
    return now;
  }

  #noteStep(total: Totals): void {
    const step = this.steps.at(-1);
    if (step !== undefined) {
      const grown = since(this.#stepStart, total);
      Object.assign(step, grown, { to: this.ports.clock.now(), verdicts: this.verdicts });
    }
  }

  /** A source that hangs or throws is an outage, not the end of the rollout. */
  async ask(stableDigest: string): Promise<Observation> {
    const { telemetry, clock } = this.ports;
    const withinMs = this.#answerWithinMs;
    const outage = (detail: string): Observation => ({
      at: clock.now(),
      ok: false,
      problem: "outage",
      detail,
    });
    const answer = telemetry
      .observe(stableDigest, this.plan.candidate.digest)
      .catch((error: Error) => outage(error.message));
    return this.within(answer, withinMs, outage(`no answer within ${withinMs / 1000} s`));
  }

  /** The answer, or `late` when it has not come in that time or the run is interrupted. */
  async within<T>(answer: Promise<T>, ms: number, late: T): Promise<T> {
    const answered = new AbortController();
    const timeUp = this.ports.clock.sleep(ms, AbortSignal.any([answered.signal, ...this.#interrupts()]));
    const first = await Promise.race([answer, timeUp.then(() => late)]);
    answered.abort();
    return first;
  }

  throwIfInterrupted(): void {
    this.lease.lost.throwIfAborted();
    if (this.ports.signal?.aborted === true) {
      throw new Cancelled("the run was cancelled");
    }
  }

  #interrupts(): AbortSignal[] {
    const { signal } = this.ports;
    return [this.lease.lost, ...(signal === undefined ? [] : [signal])];
  }
}

function endOf(decision: Decision): PhaseEnd {
  if (decision.kind === "restore" && decision.by === "watch") {
    return "interrupted";
  }
  if (decision.kind === "restore") {
    return decision.verdict === "fail" ? "refuted" : "timed-out";
  }
  return decision.kind === "hold" ? "timed-out" : "passed";
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
