/** What the contract's cases work with: one empty target, and the moves that most of them begin with. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { askMany, type Entrance, type Load, startLoad } from "../../local/testing/load.ts";
import type { JournalStep, Lease, Release } from "../../target.ts";
import type { OpenTarget } from "../index.ts";

/** An empty target of its own for each case. A new target brings one of these, and its proof is the whole suite. */
export interface TargetFixture {
  /** The target as one more runner opens it. */
  open(): Promise<OpenTarget>;
  /** A release that answers every request with 200. */
  sound(name: string): Promise<Release>;
  /** A release that never answers its readiness probe. */
  neverReady(): Promise<Release>;
  /** A release whose process ends at its n-th request. */
  crashesAt(request: number): Promise<Release>;
  /** Somebody else takes most or all of the candidate's share away, past the rollout that holds this lease. */
  lowerShare(lease: Pick<Lease, "holder" | "rollout">): Promise<void>;
  /** Where callers come in. */
  entrance(): Promise<Entrance>;
  /** Of a lease that nobody renews while the case runs. */
  leaseTtlMs: number;
  /** How long what comes about by itself may take: a guard's act, a line of a log. */
  patienceMs: number;
  /** How many its history is tried with, an even number: more than it keeps, where a promotion costs little. */
  promotions: number;
  /** Whether it can copy requests to a candidate. */
  mirrors: boolean;
  /** Whether what routes counts too, and so knows of requests whose process ended, and names the release that failed. */
  countsOnTheWay: boolean;
  close(): Promise<void>;
}

export interface ContractCase {
  behaviour: string;
  /** Shares that it splits traffic into, beside 0, 50 and 100 %: what counts of pods must be able to give. */
  percents?: readonly number[];
  /** Only for targets that can copy requests. */
  mirrors?: true;
  /** A guard must live. */
  guarded?: true;
  /** Of lease, journal and history alone: once is enough for targets that share them. */
  ofLedger?: true;
  prove(bench: Bench): Promise<void>;
}

export class Bench {
  readonly fixture: TargetFixture;
  readonly place: OpenTarget;
  readonly a: Release;
  readonly b: Release;

  private constructor(fixture: TargetFixture, place: OpenTarget, a: Release, b: Release) {
    this.fixture = fixture;
    this.place = place;
    this.a = a;
    this.b = b;
  }

  static async create(fixture: TargetFixture): Promise<Bench> {
    const [place, a, b] = await Promise.all([fixture.open(), fixture.sound("a"), fixture.sound("b")]);
    return new Bench(fixture, place, a, b);
  }

  async ask(count: number, concurrency?: number): Promise<Load> {
    return askMany(await this.fixture.entrance(), count, concurrency);
  }

  /** Callers that ask until they are stopped. */
  async load(concurrency?: number): Promise<Load> {
    return startLoad(await this.fixture.entrance(), concurrency);
  }

  /** Tries again until it no longer throws, within the fixture's patience. */
  async eventually(work: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + this.fixture.patienceMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(50);
      }
    }
  }

  hold(rollout: string, more: { ttlMs?: number; seize?: boolean } = {}, at = this.place): Promise<Lease> {
    const ttlMs = this.fixture.leaseTtlMs;
    return at.ledger.hold({ holder: `holder of ${rollout}`, rollout, ttlMs, ...more });
  }

  write(rollout: string, step: JournalStep, at = this.place): Promise<void> {
    return at.ledger.write({ at: Date.now(), rollout, holder: `holder of ${rollout}`, step });
  }

  begin(rollout: string, candidate: Release, at = this.place): Promise<void> {
    return this.write(rollout, { name: "begin", candidate, stable: null, steps: [10, 100] }, at);
  }

  async end(rollout: string): Promise<void> {
    await this.write(rollout, { name: "end", stage: "promoted", verdict: "pass" });
    await this.place.ledger.release(rollout);
  }

  /** A whole rollout that makes the release stable. */
  async deploy(rollout: string, release: Release): Promise<void> {
    await this.hold(rollout);
    await this.begin(rollout, release);
    await this.place.target.prepare(release);
    await this.place.target.promote();
    await this.end(rollout);
  }

  /** `a` stable, and `b` ready to be split to, under the lease of rollout 2. */
  async canary(more: { ttlMs?: number } = {}): Promise<void> {
    await this.deploy("1", this.a);
    await this.hold("2", more);
    await this.begin("2", this.b);
    await this.place.target.prepare(this.b);
  }

  async situation(at = this.place) {
    const { stable, candidate, candidatePercent, mirrorPercent } = await at.target.read();
    const digests = { stable: stable?.digest ?? null, candidate: candidate?.digest ?? null };
    return { ...digests, candidatePercent, mirrorPercent };
  }

  /** Asserts that the release is stable, has all traffic and is alone. */
  async assertAlone(release: Release, at = this.place): Promise<void> {
    const alone = { stable: release.digest, candidate: null, candidatePercent: 0, mirrorPercent: 0 };
    assert.deepEqual(await this.situation(at), alone);
  }

  /** Asserts that every one of `count` requests is answered by the release. */
  async assertAnswers(release: Release, count: number): Promise<void> {
    const { by, failures } = await this.ask(count);
    assert.deepEqual(failures, []);
    assert.deepEqual(by, new Map([[release.digest, count]]));
  }
}

export function assertNoFailure(load: Load, atLeast = 1): void {
  assert.deepEqual(load.failures, []);
  assert.ok(
    load.answered >= atLeast,
    `${load.answered} requests were answered, expected at least ${atLeast}`,
  );
}
