/** Watches a candidate that has traffic: at every interval what telemetry counts, and far more often what the objects
 * say, because a candidate that is gone fails requests by the second and counts nothing. */
import { type Decision, decide, decideOnSight, type Phase } from "./decide.ts";
import type { Run } from "./run.ts";
import { allWell, inBoth, type Sight, sightOf } from "./sight.ts";
import type { Release, Situation } from "./target.ts";

/** Between two looks at the objects. */
const leastPauseMs = 1_000;
/** A place that answers slowly is asked less often: looking takes a sixth of the time at most. Two hundred rollouts on one
 * API server would else be its load. */
const pausePerRead = 5;
/** What was found is looked at again so much later: a change that is under way has settled by then. */
const confirmMs = 500;
const answerMs = 5_000;

/** Looks at a weight until something is to be done. */
export async function watch(run: Run, stable: Release, phase: Phase): Promise<Decision> {
  run.beginPhase(phase);
  const { clock } = run.ports;
  const objects = new Objects(run, phase.weight);
  for (let nextLookAt = clock.now() + run.plan.intervalMs; ; ) {
    await run.pause(Math.min(Math.max(0, nextLookAt - clock.now()), objects.pauseMs));
    const due = clock.now() >= nextLookAt;
    const [sight] = await Promise.all([
      objects.look(),
      due ? run.observe(phase.weight, stable.digest) : Promise.resolve(),
    ]);
    const decision = due
      ? decide(phase, run.verdicts, run.observations, run.notePhase(), run.plan, sight)
      : decideOnSight(sight);
    if (decision !== null && decision.kind !== "wait") {
      run.endPhase(decision);
      return decision;
    }
    if (decision !== null) run.tell({ kind: "decision", decision });
    if (due) nextLookAt = clock.now() + run.plan.intervalMs;
  }
}

/** The objects while the candidate has one weight. */
class Objects {
  readonly #run: Run;
  readonly #given: { digest: string; weight: number };
  #sight: Sight = allWell;
  #readMs = 0;
  /** One that has not answered in time is not asked a second time beside it. */
  #asked: Promise<Situation | Error> | null = null;
  /** Why they could not be read the last time. */
  #outage: string | null = null;

  constructor(run: Run, weight: number) {
    this.#run = run;
    this.#given = { digest: run.plan.candidate.digest, weight };
  }

  get pauseMs(): number {
    return Math.max(leastPauseMs, pausePerRead * this.#readMs);
  }

  /** What two looks in a row agree on. Objects that cannot be read say nothing: the rollout goes by telemetry alone. */
  async look(): Promise<Sight> {
    const first = await this.#see();
    const isNew = (kind: keyof Sight) => first[kind] !== null && this.#sight[kind] === null;
    const confirmed = (Object.keys(allWell) as (keyof Sight)[]).some(isNew)
      ? inBoth(first, await this.#again(first))
      : first;
    this.#tellOfStable(confirmed);
    this.#sight = confirmed;
    return confirmed;
  }

  async #again(first: Sight): Promise<Sight> {
    await this.#run.pause(confirmMs);
    return this.#see(first);
  }

  async #see(before = this.#sight): Promise<Sight> {
    const situation = await this.#read();
    return situation === null
      ? allWell
      : sightOf(situation, this.#given, this.#run.ports.clock.now(), before);
  }

  async #read(): Promise<Situation | null> {
    const { target, clock } = this.#run.ports;
    const askedAt = clock.now();
    this.#asked ??= target.read().catch((error: Error) => error);
    const late = new Error(`no answer within ${answerMs / 1000} s`);
    const answer = await this.#run.within(this.#asked, answerMs, late);
    if (answer !== late) this.#asked = null;
    this.#readMs = clock.now() - askedAt;
    this.#run.throwIfInterrupted();
    if (!(answer instanceof Error)) {
      this.#outage = null;
      return answer;
    }
    if (this.#outage === null) {
      const message = `what runs cannot be looked at, going by telemetry alone: ${answer.message}`;
      this.#run.tell({ kind: "trouble", message });
    }
    this.#outage = answer.message;
    return null;
  }

  #tellOfStable({ stableDown }: Sight): void {
    const before = this.#sight.stableDown;
    if (stableDown !== null && before === null) {
      const message = `${stableDown.text}; nothing is moved until it is back`;
      this.#run.tell({ kind: "trouble", message });
    } else if (stableDown === null && before !== null && this.#outage === null) {
      this.#run.tell({ kind: "trouble", message: "stable has a ready pod again" });
    }
  }
}
