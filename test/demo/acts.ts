/** The acts of the demo: each runs actions, shows what they say, and insists on how they must end. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorsOf } from "../runner/errors-of.ts";
import { freePort } from "../runner/free-port.ts";
import type { Job, PhaseResult } from "../runner/runner.ts";
import type { Traffic } from "../traffic/traffic.ts";
import type { Screen } from "./screen.ts";

interface Stage {
  job: Job;
  screen: Screen;
  flights: string;
  /** Where reports are kept after the demo. */
  reports: string;
}

const resource = "flights";
/** A demo has minutes and not hours: looser than an action's defaults, so that a few hundred requests prove them. */
const canaryGates = "error_rate <= baseline + 0.01\nlatency.p99 <= baseline * 5\nnan_rate <= 0.01";
const offlineGates =
  "auc >= baseline - 0.01\nf1 >= baseline - 0.02\nauc{origin=*} >= baseline - 0.02 [refute]\nlatency.p95 <= 50ms";

export class Acts {
  url = "";
  readonly labels: string;
  readonly reports: string[] = [];
  readonly #stage: Stage;
  #port = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.labels = join(stage.job.temp, "labels.csv");
    mkdirSync(stage.reports, { recursive: true });
  }

  get sampleBody(): string {
    const [line] = readFileSync(join(this.#stage.flights, "live_v20131231.jsonl"), "utf8").split("\n");
    const { instance } = JSON.parse(line as string) as { instance: object };
    return JSON.stringify({ instances: [instance] });
  }

  async firstRelease(): Promise<void> {
    this.#stage.screen.title("0  flights-1 is the first release");
    this.#port = await freePort();
    this.url = `http://127.0.0.1:${this.#port}`;
    const done = await this.#deploy("flights-1");
    this.#must(done, 0, { stage: "promoted" });
  }

  async good(): Promise<void> {
    const { screen } = this.#stage;
    screen.title("1  flights-2, a better model: eval-gate → shadow → canary");
    this.#must(await this.#evaluate("flights-2"), 0, { verdict: "pass" });
    const shadow = {
      candidate: this.#model("flights-2"),
      labels: this.labels,
      gates: "auc >= baseline - 0.02\nnan_rate <= 0.001\nerror_rate <= 0.01",
      "min-samples": "2000",
    };
    this.#must(await this.#run("shadow", "1-shadow", { resource, ...shadow, duration: "60s" }), 0, {
      verdict: "pass",
    });
    this.#must(await this.#deploy("flights-2", "1-deploy"), 0, { stage: "promoted", verdict: "pass" });
    screen.good("flights-2 serves 100 %.");
  }

  async bad(): Promise<void> {
    const { screen } = this.#stage;
    screen.title("2  flights-bad, whose features were joined to the wrong rows: eval-gate");
    const done = await this.#evaluate("flights-bad", "2-eval-gate");
    this.#must(done, 1, { verdict: "fail" });
    for (const message of errorsOf(done)) screen.failure(message);
    screen.good("flights-bad was stopped at the gate. Nobody was served by it.");
  }

  async treacherous(traffic: Traffic): Promise<void> {
    const { screen } = this.#stage;
    screen.title(
      "3  flights-treacherous, right on the evaluation sample, wrong on routes it lacks: eval-gate → canary",
    );
    this.#must(await this.#evaluate("flights-treacherous", "3-eval-gate", "flights-2"), 0, {
      verdict: "pass",
    });
    const startedAt = Date.now();
    const done = await this.#deploy("flights-treacherous", "3-deploy");
    this.#must(done, 1, { stage: "restored", verdict: "fail" });
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    await sleep(lastAnswersMs);
    const { requests = 0, nan = 0 } = traffic.models.get("flights-treacherous") ?? {};
    for (const message of errorsOf(done)) screen.failure(message);
    const moment = new Date().toTimeString().slice(0, 8);
    screen.good(
      `flights-treacherous was taken back at ${moment}, ${seconds} s after the deploy began; ${nan} of its ${requests} requests had no score.`,
    );
  }

  async wayBack(): Promise<void> {
    const { screen } = this.#stage;
    screen.title("4  rollback to flights-1");
    const done = await this.#run("rollback", "4-rollback", { resource, to: "previous" });
    this.#must(done, 0, {});
    screen.good("flights-1 serves 100 % again.");
  }

  #evaluate(candidate: string, keepAs = "1-eval-gate", baseline = "flights-1"): Promise<PhaseResult> {
    return this.#run("eval-gate", keepAs, {
      model: this.#model(candidate),
      baseline: this.#model(baseline),
      dataset: join(this.#stage.flights, "dataset_v20131231.parquet"),
      gates: offlineGates,
      slices: "origin",
    });
  }

  #deploy(candidate: string, keepAs?: string): Promise<PhaseResult> {
    return this.#run("deploy", keepAs, {
      resource,
      candidate: this.#model(candidate),
      "local-port": String(this.#port),
      steps: "10, 25, 50, 100",
      gates: canaryGates,
      interval: "2s",
      "step-timeout": "90s",
    });
  }

  async #run(
    action: string,
    keepAs: string | undefined,
    inputs: Record<string, string>,
  ): Promise<PhaseResult> {
    const { job, screen, reports } = this.#stage;
    const done = await job.run({
      action,
      inputs,
      timeoutMs: 170_000,
      onLine: (line) => {
        if (worthShowing(line)) screen.of(action, line);
      },
    });
    if (keepAs !== undefined) {
      const path = join(reports, `${keepAs}.html`);
      if (done.outputs.report) copyFileSync(done.outputs.report, path);
      writeFileSync(join(reports, `${keepAs}.md`), done.summary);
      this.reports.push(relative(process.cwd(), path));
    }
    return done;
  }

  /** The demo shows what happens, so it must not go on when something else did. */
  #must(done: PhaseResult, exitCode: number, outputs: Record<string, string>): void {
    const wrong = Object.entries(outputs).filter(([name, value]) => done.outputs[name] !== value);
    if (done.exitCode === exitCode && wrong.length === 0) return;
    const expected = [
      `exit code ${exitCode}`,
      ...Object.entries(outputs).map(([name, value]) => `${name} ${value}`),
    ];
    const got = [`exit code ${done.exitCode}`, ...wrong.map(([name]) => `${name} ${done.outputs[name]}`)];
    throw new Error(`expected ${expected.join(", ")}, got ${got.join(", ")}:\n${done.raw}`);
  }

  #model(name: string): string {
    return join(this.#stage.flights, `${name}.onnx`);
  }
}

/** Answers that were under way when stable got its traffic back. */
const lastAnswersMs = 500;

/** Commands to the runner, the echo of the inputs and paths in the job's own directory are not for the screen. */
function worthShowing(line: string): boolean {
  return !/^(::|Report: |\s*$)|^[a-z-]+: .* \((input|default)\)$/.test(line);
}
