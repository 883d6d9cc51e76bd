/** The runner's process as a case has it in hand. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { RolloutEvent } from "@ml-actions/rollout/events";
import { type Errand, isAt, type Moment, type Word } from "./runner.ts";

export class Run {
  readonly process: ChildProcess;
  /** Resolves when the process has ended, however it ended. */
  readonly ended: Promise<unknown>;
  readonly events: RolloutEvent[] = [];
  /** All that it told its reader. */
  readonly told: string[] = [];
  /** It came to a result by itself. */
  finished = false;
  readonly #waiting = new Set<() => void>();

  constructor(errand: Errand, clockAheadMs = 0) {
    const wrongClock = ["--import", join(import.meta.dirname, "wrong-clock.ts")];
    this.process = fork(join(import.meta.dirname, "runner.ts"), [JSON.stringify(errand)], {
      execArgv: ["--no-maglev", ...(clockAheadMs === 0 ? [] : wrongClock)],
      env: { ...process.env, CHAOS_CLOCK_MS: String(clockAheadMs) },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    // One that stands still would outlive a suite that was ended.
    const kill = () => this.process.kill("SIGKILL");
    process.once("exit", kill);
    this.ended = once(this.process, "exit").then(() => {
      process.off("exit", kill);
      this.#wake();
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => this.told.push(text.trim()));
    this.process.on("message", (word: Word) => this.#hear(word));
  }

  /** Resolves when the rollout is there, or false when the process has ended before. */
  async reached(moment: Moment): Promise<boolean> {
    for (;;) {
      if (this.events.some((event) => isAt(event, moment))) return true;
      if (this.process.exitCode !== null || this.process.signalCode !== null) return false;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Ends it if it still lives. */
  async end(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.ended;
  }

  #hear(word: Word): void {
    if (word.kind === "event") {
      this.events.push(word.event);
      if (word.event.kind === "trouble") this.told.push(word.event.message);
    }
    if (word.kind === "result") {
      this.finished = true;
      this.told.push(`${word.stage}: ${word.reason}`);
    }
    if (word.kind === "error") this.told.push(word.message);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
