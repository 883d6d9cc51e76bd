/** A release as a process: started, watched, started again when it crashes, and stopped when no request is in it. */
import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { get } from "node:http";
import { RolloutError } from "../error.ts";
import type { Release } from "../target.ts";
import { type Address, keepAliveAgent, type Upstream } from "./exchange.ts";
import { announcedPort, type ServerLaunch, startServer } from "./server-program.ts";

const firstBackOffMs = 250;
const longestBackOffMs = 30_000;
/** A process that lived this long starts afresh with the shortest back-off. */
const settledAfterMs = 60_000;
const readinessEveryMs = 50;
/** Time between SIGTERM and SIGKILL. */
const termGraceMs = 5_000;
/** A candidate that dies this often before it was ever ready is given up without waiting out the time limit. */
const fatalCrashes = 3;

type Phase = "starting" | "ready" | "waiting" | "stopping" | "stopped";

export class ReleaseProcess implements Upstream {
  readonly release: Release;
  readonly #launch: ServerLaunch;
  readonly #upstreamTimeoutMs: number;
  #phase: Phase = "waiting";
  #child: ChildProcess | null = null;
  #address: Address | null = null;
  #backOffMs = firstBackOffMs;
  #restart: NodeJS.Timeout | null = null;
  #inFlight = 0;
  #everReady = false;
  readonly #listeners = new Set<() => void>();
  crashes = 0;

  constructor(release: Release, launch: ServerLaunch, upstreamTimeoutMs: number) {
    this.release = release;
    this.#launch = launch;
    this.#upstreamTimeoutMs = upstreamTimeoutMs;
    this.#start();
  }

  get digest(): string {
    return this.release.digest;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  address(): Address | null {
    return this.#address;
  }

  enter(): void {
    this.#inFlight += 1;
  }

  leave(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#changed();
  }

  /** Starts a crashed process now instead of after its back-off. */
  hurry(): void {
    if (this.#restart === null) return;
    clearTimeout(this.#restart);
    this.#start();
  }

  /** Whether it answers its readiness probe now. */
  async answersReady(): Promise<boolean> {
    return this.#address !== null && (await probe(this.#address.port));
  }

  /** Resolves when it answers its readiness probe; rejects with `not-ready` (time, crashes) or `superseded` (stopped). */
  async whenReady(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (this.#phase === "stopping" || this.#phase === "stopped") {
        throw new RolloutError(
          "superseded",
          `${this.release.label} was stopped before it was ready.`,
          "See the journal for who restored stable; start the rollout anew.",
        );
      }
      if (this.#phase === "ready" && (await this.answersReady())) return;
      const hopeless = !this.#everReady && this.crashes >= fatalCrashes;
      if (hopeless || performance.now() >= deadline) throw await this.#notReady(timeoutMs, hopeless);
      await this.#change(Math.min(500, Math.max(1, deadline - performance.now())));
    }
  }

  /** Resolves when no request is in it, or after the time. */
  async whenIdle(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.#inFlight > 0 && performance.now() < deadline) {
      await this.#change(Math.max(1, deadline - performance.now()));
    }
  }

  /** Waits until no request is in it, at most `drainMs`, then SIGTERM, then SIGKILL; resolves when it is gone. */
  async stop(drainMs: number): Promise<void> {
    if (this.#restart !== null) clearTimeout(this.#restart);
    const serving = this.#phase === "ready";
    this.#phase = "stopping";
    this.#changed();
    if (serving) await this.whenIdle(drainMs);
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const kill = setTimeout(() => child.kill("SIGKILL"), termGraceMs);
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await gone;
      clearTimeout(kill);
    }
    this.#address?.agent.destroy();
    this.#address = null;
    this.#phase = "stopped";
    this.#changed();
  }

  #start(): void {
    this.#restart = null;
    this.#phase = "starting";
    const startedAt = performance.now();
    const child = startServer(this.#launch);
    this.#child = child;
    const gone = once(() => this.#died(startedAt));
    child.on("error", gone);
    child.on("exit", gone);
    child.on("message", (message) => {
      const port = announcedPort(message);
      if (port !== null) this.#untilReady(child, port);
    });
  }

  async #untilReady(child: ChildProcess, port: number): Promise<void> {
    while (this.#child === child && this.#phase === "starting") {
      if (await probe(port)) {
        if (this.#child !== child || this.#phase !== "starting") return;
        this.#address = { port, agent: keepAliveAgent(this.#upstreamTimeoutMs) };
        this.#phase = "ready";
        this.#everReady = true;
        this.#changed();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, readinessEveryMs));
    }
  }

  #died(startedAt: number): void {
    if (this.#phase === "stopping" || this.#phase === "stopped") return;
    this.crashes += 1;
    this.#address?.agent.destroy();
    this.#address = null;
    this.#phase = "waiting";
    if (performance.now() - startedAt > settledAfterMs) this.#backOffMs = firstBackOffMs;
    this.#restart = setTimeout(() => this.#start(), this.#backOffMs);
    this.#backOffMs = Math.min(this.#backOffMs * 2, longestBackOffMs);
    this.#changed();
  }

  async #notReady(timeoutMs: number, hopeless: boolean): Promise<RolloutError> {
    const how = hopeless
      ? `ended ${this.crashes} times before it was ready`
      : `did not answer its readiness probe within ${timeoutMs / 1000} s`;
    const text = await readFile(this.#launch.logFile, "utf8").catch(() => "");
    const last = lastMessages(text);
    const quoted = last === "" ? "Its log is empty." : `Its log ends:\n${last}`;
    return new RolloutError(
      "not-ready",
      `${this.release.label} (${this.digest}) ${how}. ${quoted}`,
      `Run the model with its contract and probe on your machine; the whole log is ${this.#launch.logFile}.`,
    );
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Resolves at the next change, or after the time. */
  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#listeners.add(done);
    });
  }
}

/** The last different lines of a log, of JSON lines their message alone. */
export function lastMessages(log: string): string {
  const lines = log.trimEnd().split("\n").slice(-20).map(messageOf);
  const different = lines.filter((line, i) => lines.indexOf(line) === i);
  return different.slice(-5).join("\n").slice(-2_000);
}

function messageOf(line: string): string {
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === "string" ? msg : line;
  } catch {
    return line;
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

/** True when `GET /ready` answers 200 within two seconds. */
function probe(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: "127.0.0.1", port, path: "/ready", agent: false, timeout: 2_000 },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    request.on("close", () => resolve(false));
  });
}
