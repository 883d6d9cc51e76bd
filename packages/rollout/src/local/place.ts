/**
 * The place itself: which releases run here and who gets the traffic. Every change of the routing happens here, one
 * after another. Traffic to stable never waits for a process to stop: the routing is switched first, the old process
 * ends later, when no request is in it.
 */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { RolloutError } from "../error.ts";
import type { HistoryEntry, Release } from "../target.ts";
import { RolloutCounts } from "./counts.ts";
import { alreadyStable, hasTraffic, noCandidate, noStable, notReady, superseded } from "./refusals.ts";
import { forgetOthers, keptFiles, predictionLog } from "./release-files.ts";
import { ReleaseProcess } from "./release-process.ts";
import type { Routing } from "./routing.ts";
import { blockSizeFor } from "./splitter.ts";
import type { StateFile } from "./state-file.ts";

/** How long requests that are in a process may take before it is stopped all the same. */
const drainMs = 30_000;
/** How long a restore waits for a stable that is down; the traffic is switched to it in any case. */
const stableGraceMs = 10_000;
/** How long a restore waits, after the switch, for the answers to requests that were under way. */
const lastAnswersMs = 5_000;

export interface PlaceOptions {
  stateDirectory: string;
  logDirectory: string;
  serverProgram: string;
  inferenceProgram: string;
  upstreamTimeoutMs: number;
}

export class Place {
  readonly #options: PlaceOptions;
  readonly #state: StateFile;
  readonly #routing: Routing;
  #stable: ReleaseProcess | null = null;
  #candidate: ReleaseProcess | null = null;
  /** Processes that have no traffic any more and are about to end. */
  readonly #leaving = new Set<Promise<void>>();
  #countsOf = "";

  constructor(options: PlaceOptions, state: StateFile, routing: Routing) {
    this.#options = options;
    this.#state = state;
    this.#routing = routing;
  }

  get stable(): ReleaseProcess | null {
    return this.#stable;
  }

  get candidate(): ReleaseProcess | null {
    return this.#candidate;
  }

  /** After the supervisor's own start: stable as it was, at 100 %. */
  async resume(): Promise<void> {
    for (const folder of ["releases", "predictions"]) {
      await mkdir(join(this.#options.stateDirectory, folder), { recursive: true, mode: 0o700 });
    }
    const { stable } = this.#state.now;
    await forgetOthers(this.#options.stateDirectory, this.#worthKeeping(), true);
    await this.#state.update({ candidate: null, candidatePercent: 0, mirrorPercent: 0 });
    if (stable === null) return;
    this.#stable = this.#run(stable);
    this.#routing.setSides(this.#stable, null);
  }

  /** Runs the candidate at 0 %; resolves when it answers its probe. `rollout` marks whose counts begin. */
  async prepare(release: Release, rollout: string, readyTimeoutMs: number): Promise<void> {
    const { stable, candidate } = this.#state.now;
    if (stable?.digest === release.digest) throw alreadyStable(release);
    const files = keptFiles(this.#options.stateDirectory, release.digest);
    await stat(files.model).catch((cause) => {
      const remedy = "Prepare the release again: its files are copied anew.";
      throw new RolloutError("artifact", `The copy ${files.model} is gone.`, remedy, { cause });
    });
    if (candidate !== null && candidate.digest !== release.digest && this.#routing.candidatePercent > 0) {
      throw hasTraffic(candidate, this.#routing.candidatePercent);
    }
    if (candidate?.digest !== release.digest) this.#dropCandidate();
    const running = this.#candidate ?? this.#run(release);
    running.hurry();
    this.#candidate = running;
    this.#routing.setSides(this.#stable, running);
    this.#beginCounts(`${rollout} ${stable?.digest} ${release.digest}`);
    await this.#state.update({ candidate: release, candidatePercent: 0, mirrorPercent: 0 });
    await forgetOthers(this.#options.stateDirectory, [...this.#worthKeeping(), release]);
    try {
      await running.whenReady(readyTimeoutMs);
    } catch (error) {
      if (this.#candidate === running) await this.#withoutCandidate();
      throw error;
    }
  }

  async split(percent: number): Promise<void> {
    blockSizeFor(percent);
    if (percent > 0) await this.#needsBothReady("split", percent > this.#routing.candidatePercent);
    this.#routing.setSplit(percent);
    await this.#state.update({ candidatePercent: percent });
  }

  async mirror(percent: number): Promise<void> {
    blockSizeFor(percent);
    if (percent > 0) await this.#needsBothReady("mirror", percent > this.#routing.mirrorPercent);
    this.#routing.setMirror(percent);
    await this.#state.update({ mirrorPercent: percent });
  }

  /** The candidate becomes stable: on disk, then in the routing, then the old process goes. */
  async promote(rollout: string, verdict: HistoryEntry["verdict"]): Promise<void> {
    const { stable, candidate, history } = this.#state.now;
    const process = this.#candidate;
    if (candidate === null || process === null) {
      if (history[0]?.rollout === rollout) return;
      throw noCandidate("promote");
    }
    await this.#needsReady(process);
    const entry: HistoryEntry = {
      release: candidate,
      promotedAt: Date.now(),
      verdict: stable === null ? "first" : verdict,
      rollout,
    };
    const old = this.#stable;
    this.#stable = process;
    this.#candidate = null;
    const saved = this.#state.update({
      stable: candidate,
      previous: stable,
      candidate: null,
      candidatePercent: 0,
      mirrorPercent: 0,
      history: [entry, ...history].slice(0, 10),
    });
    this.#routing.setSides(process, null);
    if (old !== null) this.#letGo(old);
    await saved;
  }

  /** Stable at 100 %, the candidate gone. `patiently`: gives a stable that is down the time to come back first, and
   * the candidate the time to answer what it has, so that counts read afterwards are complete. */
  async restore(patiently: boolean): Promise<void> {
    const candidate = this.#candidate;
    if (candidate === null) return;
    this.#stable?.hurry();
    if (patiently) await this.#stable?.whenReady(stableGraceMs).catch(() => {});
    await this.#withoutCandidate();
    if (patiently) await candidate.whenIdle(lastAnswersMs);
  }

  /** Ends everything that runs here, when its requests are answered. */
  async close(): Promise<void> {
    if (this.#candidate !== null) this.#letGo(this.#candidate, 5_000);
    if (this.#stable !== null) this.#letGo(this.#stable, 5_000);
    await Promise.all(this.#leaving);
  }

  async #withoutCandidate(): Promise<void> {
    this.#dropCandidate();
    await this.#state.update({ candidate: null, candidatePercent: 0, mirrorPercent: 0 });
  }

  /** Whatever a rollback can be asked for: all that are in the history. */
  #worthKeeping(): (Release | null)[] {
    const { stable, previous, history } = this.#state.now;
    return [stable, previous, ...history.map(({ release }) => release)];
  }

  /** Takes effect at once, whatever becomes of the disk. */
  #dropCandidate(): void {
    const process = this.#candidate;
    this.#candidate = null;
    this.#routing.setSides(this.#stable, null);
    if (process !== null) this.#letGo(process);
  }

  #letGo(process: ReleaseProcess, withinMs = drainMs): void {
    const gone = process.stop(withinMs).finally(() => this.#leaving.delete(gone));
    this.#leaving.add(gone);
  }

  #beginCounts(of: string): void {
    if (this.#countsOf === of) return;
    this.#countsOf = of;
    this.#routing.counts = new RolloutCounts(this.#stable?.digest ?? null, this.#candidate?.digest ?? null);
  }

  async #needsBothReady(what: string, rising: boolean): Promise<void> {
    if (this.#candidate === null) throw noCandidate(what);
    if (this.#stable === null) throw noStable(what);
    if (rising) await this.#needsReady(this.#candidate);
  }

  async #needsReady(process: ReleaseProcess): Promise<void> {
    const ready = await process.answersReady();
    if (process !== this.#candidate) throw superseded();
    if (ready) return;
    throw notReady(process.release, process.crashes);
  }

  #run(release: Release): ReleaseProcess {
    const { stateDirectory, logDirectory, serverProgram, inferenceProgram } = this.#options;
    const files = keptFiles(stateDirectory, release.digest);
    const { contractDigest } = release.model;
    const launch = {
      program: serverProgram,
      inferenceProgram,
      modelPath: files.model,
      modelDigest: release.model.digest,
      contractPath: files.contract,
      ...(contractDigest !== undefined && { contractDigest }),
      predictionLog: predictionLog(stateDirectory, release.digest),
      logFile: join(logDirectory, `${release.digest.slice("sha256:".length, "sha256:".length + 12)}.log`),
    };
    return new ReleaseProcess(release, launch, this.#options.upstreamTimeoutMs);
  }
}
