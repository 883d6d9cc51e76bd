/** A deployed flights-1 under constant load, and eyes on it: what the fault tests start from. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { releaseTree } from "@ml-actions/release";
import type { JournalEntry, Situation } from "@ml-actions/rollout/target";
import { openTarget } from "@ml-actions/rollout/targets/index";
import { liveRequests } from "../demo/live-requests.ts";
import { freePort } from "../runner/free-port.ts";
import { type Job, type PhaseResult, type StepOptions, startJob } from "../runner/runner.ts";
import { Traffic } from "../traffic/traffic.ts";

const flights = join(import.meta.dirname, "../fixtures/flights");
export const model = (name: string) => join(flights, `${name}.onnx`);
export const resource = "flights";

/** Proven by some two hundred requests of the candidate: faults are what is tested here, not the judge. */
const quickGates = "error_rate <= 0.2\nnan_rate <= 0.02";

export class Stage {
  readonly job: Job;
  readonly traffic: Traffic;
  readonly #state: string;
  readonly #port: number;

  private constructor(job: Job, traffic: Traffic, state: string, port: number) {
    this.job = job;
    this.traffic = traffic;
    this.#state = state;
    this.#port = port;
  }

  /** flights-1 is stable and gets so many requests a second. */
  static async set(perSecond = 200): Promise<Stage> {
    const job = startJob({ tree: await releaseTree() });
    const port = await freePort();
    const requests = await liveRequests(flights);
    const traffic = new Traffic({ url: `http://127.0.0.1:${port}`, requests, perSecond });
    const stage = new Stage(job, traffic, join(job.temp, "ml-actions-local", resource), port);
    const first = await stage.deploy("flights-1");
    if (first.exitCode !== 0) throw new Error(`flights-1 could not be deployed:\n${first.raw}`);
    traffic.start();
    return stage;
  }

  deploy(candidate: string, options: Partial<StepOptions> = {}): Promise<PhaseResult> {
    const { inputs, ...rest } = options;
    return this.job.run({
      action: "deploy",
      inputs: {
        resource,
        candidate: model(candidate),
        "local-port": String(this.#port),
        steps: "25, 50, 100",
        gates: quickGates,
        interval: "200ms",
        "step-timeout": "60s",
        ...inputs,
      },
      ...rest,
    });
  }

  rollback(to = "previous"): Promise<PhaseResult> {
    return this.job.run({ action: "rollback", inputs: { resource, to } });
  }

  /** What truly runs, asked of the supervisor. */
  async situation(): Promise<Situation> {
    const program = (name: string) => join(this.job.tree, `programs/${name}.js`);
    const programs = {
      supervisor: program("supervisor"),
      server: program("server"),
      inference: program("inference"),
    };
    const { target } = await openTarget("local", {
      resource,
      stateDirectory: this.#state,
      port: this.#port,
      programs,
    });
    return target.read();
  }

  journal(): JournalEntry[] {
    const text = readFileSync(join(this.#state, "journal.jsonl"), "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as JournalEntry);
  }

  /** Resolves as soon as the journal has a new entry like this: the step is written down, and about to be taken. */
  async untilWritten(like: (entry: JournalEntry) => boolean): Promise<void> {
    const before = this.journal().length;
    const deadline = Date.now() + 60_000;
    while (!this.journal().slice(before).some(like)) {
      if (Date.now() > deadline) throw new Error("the step was not written within 60 s");
      await sleep(2);
    }
  }

  /**
   * Resolves when nobody but stable has traffic and the journal is closed, as it is without anybody's help.
   *
   * @returns milliseconds until stable had all traffic
   */
  async untilSettled(withinMs: number): Promise<number> {
    const startedAt = Date.now();
    let aloneAfterMs: number | null = null;
    for (;;) {
      const { candidate, candidatePercent, ready } = await this.situation();
      const alone = candidate === null && candidatePercent === 0 && ready.stable;
      if (alone) aloneAfterMs ??= Date.now() - startedAt;
      const last = this.journal().at(-1);
      if (aloneAfterMs !== null && last?.step.name === "end") return aloneAfterMs;
      if (Date.now() - startedAt > withinMs) {
        const who = candidate?.label ?? "no candidate";
        throw new Error(
          `after ${withinMs} ms ${who} has ${candidatePercent} %, the journal ends with ${JSON.stringify(last)}`,
        );
      }
      await sleep(50);
    }
  }

  async end(): Promise<void> {
    await this.traffic.stop();
    await this.job.end();
  }
}
