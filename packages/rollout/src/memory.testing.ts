/** A place in memory with simulated time and traffic: hours of rollout in milliseconds, the same every time. */
import {
  type Behaviour,
  binomial,
  healthy,
  noCounts,
  randomFrom,
  serve,
} from "@ml-actions/gates/judge/traffic.testing";
import type { Observation } from "@ml-actions/gates/types";
import type { TelemetrySource } from "@ml-actions/telemetry/source";
import type { Clock } from "./clock.ts";
import { RolloutError } from "./error.ts";
import type { HistoryEntry, JournalEntry, Lease, Ledger, Release, Situation, Target } from "./target.ts";

export function releaseNamed(label: string): Release {
  const digest = `sha256:${Buffer.from(label).toString("hex").padEnd(64, "0").slice(0, 64)}`;
  return { digest, label, model: { digest, uri: `${label}.onnx`, contract: `${label}.contract.json` } };
}

/** Time that stands still until everyone sleeps, then jumps to whoever wakes first. */
export class SimulatedClock implements Clock {
  #now = 1_000_000;
  #sleepers: { at: number; wake: () => void }[] = [];
  /** Called with every stretch of time before it has passed. */
  onPass: (fromMs: number, toMs: number) => void = () => {};

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      });
    });
  }

  /** Lets time pass until the work is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let open = true;
    const done = work.finally(() => {
      open = false;
    });
    done.catch(() => {});
    for (let jumps = 0; open; jumps++) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#sleepers.sort((left, right) => left.at - right.at).shift();
      if (open && next !== undefined) {
        this.onPass(this.#now, next.at);
        this.#now = Math.max(this.#now, next.at);
        next.wake();
      } else if (open && jumps > 1_000_000) {
        throw new Error("nobody sleeps and the work is not done");
      }
    }
    return done;
  }
}

/** A target, its ledger, its telemetry and its users in one. Faults are set from outside by replacing a method. */
export class MemoryPlace implements Target, Ledger, TelemetrySource {
  readonly clock = new SimulatedClock();
  /** Requests a second, both sides together. */
  load = 500;
  behaviours: Record<string, Behaviour> = {};
  /** What telemetry says in place of counts. */
  outage: { problem: "outage" | "no-traffic" | "ambiguous" | "not-a-number"; detail: string } | null = null;
  situation: Situation;
  previous: Release | null = null;
  entries: JournalEntry[] = [];
  releases: HistoryEntry[] = [];
  held: Lease | null = null;
  /** Every call that changes traffic, in order. */
  acts: string[] = [];
  /** The guard's acts. */
  guarded: string[] = [];
  counts = { stable: noCounts(), candidate: noCounts() };
  past?: NonNullable<TelemetrySource["past"]>;
  readonly #random: () => number;

  constructor(stable: Release | null, seed = 1) {
    this.#random = randomFrom(seed);
    this.situation = {
      stable,
      candidate: null,
      candidatePercent: 0,
      mirrorPercent: 0,
      ready: { stable: stable !== null, candidate: false },
      url: "memory:",
    };
    if (stable !== null) {
      this.releases = [{ release: stable, promotedAt: 0, verdict: "first", rollout: "before" }];
    }
    this.clock.onPass = (from, to) => this.#pass(from, to);
  }

  async read(): Promise<Situation> {
    return structuredClone(this.situation);
  }

  async prepare(candidate: Release): Promise<void> {
    this.acts.push(`prepare ${candidate.label}`);
    this.counts = { stable: noCounts(), candidate: noCounts() };
    const ready = { ...this.situation.ready, candidate: true };
    this.#set({ candidate, candidatePercent: 0, ready });
  }

  async split(candidatePercent: number): Promise<void> {
    this.acts.push(`split ${candidatePercent}`);
    if (this.situation.candidate === null) {
      throw new RolloutError("no-candidate", "there is no candidate", "Prepare one.");
    }
    this.#set({ candidatePercent });
  }

  async mirror(percent: number): Promise<void> {
    this.acts.push(`mirror ${percent}`);
    this.#set({ mirrorPercent: percent });
  }

  async promote(): Promise<void> {
    this.acts.push("promote");
    const { candidate, stable } = this.situation;
    if (candidate !== null) {
      this.previous = stable;
      const rollout = this.held?.rollout ?? "none";
      this.releases.unshift({ release: candidate, promotedAt: this.clock.now(), verdict: "pass", rollout });
      this.#set({ stable: candidate, candidate: null, candidatePercent: 0 });
    }
  }

  async restore(): Promise<void> {
    this.acts.push("restore");
    this.#set({ candidate: null, candidatePercent: 0, mirrorPercent: 0 });
  }

  async hold(request: { holder: string; rollout: string; ttlMs: number; seize?: boolean }): Promise<Lease> {
    const mine = this.held?.rollout === request.rollout;
    if (this.held !== null && !mine && request.seize !== true) {
      throw new RolloutError("lease-held", `${this.held.holder} holds the lease`, "Wait.");
    }
    const now = this.clock.now();
    const { holder, rollout, ttlMs } = request;
    const acquiredAt = mine ? (this.held?.acquiredAt ?? now) : now;
    this.held = { holder, rollout, acquiredAt, expiresAt: now + ttlMs };
    return this.held;
  }

  async release(rollout: string): Promise<void> {
    if (this.held?.rollout === rollout) {
      this.#guard("given back");
    }
  }

  async write(entry: JournalEntry): Promise<void> {
    if (this.held?.rollout !== entry.rollout) {
      const holder = this.held?.holder ?? "nobody";
      throw new RolloutError("lease-lost", `${holder} holds the lease`, "Stop.");
    }
    const same = this.entries.at(-1)?.rollout === entry.rollout;
    this.entries = same ? [...this.entries, entry] : [entry];
  }

  async journal(): Promise<JournalEntry[]> {
    return [...this.entries];
  }

  async lease(): Promise<Lease | null> {
    return this.held;
  }

  async history(): Promise<HistoryEntry[]> {
    return [...this.releases];
  }

  async observe(): Promise<Observation> {
    const at = this.clock.now();
    return this.outage === null
      ? { at, ok: true, ...structuredClone(this.counts) }
      : { at, ok: false, ...this.outage };
  }

  /** The steps of the journal's last rollout by name. */
  get journalled(): string[] {
    return this.entries.map(({ step }) => step.name);
  }

  #set(change: Partial<Situation>): void {
    this.situation = { ...this.situation, ...change };
  }

  #pass(fromMs: number, toMs: number): void {
    const requests = Math.round((this.load * (toMs - fromMs)) / 1000);
    const { stable, candidate, candidatePercent } = this.situation;
    const toCandidate = candidate === null ? 0 : binomial(requests, candidatePercent / 100, this.#random);
    const how = (release: Release | null) => this.behaviours[release?.label ?? ""] ?? healthy;
    this.counts = {
      stable: serve(this.counts.stable, requests - toCandidate, how(stable), this.#random),
      candidate: serve(this.counts.candidate, toCandidate, how(candidate), this.#random),
    };
    if (this.held !== null && toMs > this.held.expiresAt) {
      this.#guard("expired");
    }
  }

  /** Restores stable when a lease ends with its rollout open, as the guard of every target does. */
  #guard(why: string): void {
    this.held = null;
    const last = this.entries.at(-1);
    if (last !== undefined && last.step.name !== "end") {
      this.guarded.push(why);
      this.#set({ candidate: null, candidatePercent: 0, mirrorPercent: 0 });
    }
  }
}
