/** One inference process as its parent sees it: start, ask, kill. */
import { type ChildProcess, fork } from "node:child_process";
import { dirname } from "node:path";
import type { Contract } from "./contract.ts";
import { ServingError } from "./errors.ts";
import { checkGraph } from "./graph.ts";
import type { DoneMessage, FromProcess, LoadedMessage, RefusedMessage, ToProcess } from "./messages.ts";
import type { TensorData } from "./tensors.ts";

export interface ProcessOptions {
  /** Path of the inference program. */
  program: string;
  /** Folder of onnxruntime-node, from `findRuntime`. */
  runtime: string;
  modelPath: string;
  contract: Contract;
  /** What the model file must hash to, `sha256:<hex>`; null takes it as it is. */
  digest: string | null;
  /** For loading; answering has its own limit. */
  startTimeoutMs: number;
}

/** The end of a process's stderr that a crash report quotes. */
const stderrKeptBytes = 2000;
const graceMs = 1000;

interface Waiting {
  settle: (message: FromProcess) => void;
  fail: (error: ServingError) => void;
  timeoutMs: number;
}

export class InferenceProcess {
  readonly #child: ChildProcess;
  /** What the process runs: known once it has loaded. */
  digest = "";
  #stderr = "";
  #ended: string | null = null;
  /** Questions without an answer, the oldest first: it is the one that the process is at. */
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Called once, when the process ends for whatever reason. */
  onEnd: (why: ServingError) => void = () => {};

  private constructor(program: string) {
    this.#child = fork(program, [], {
      // The folder that onnxruntime confines a model loaded from memory to: nothing of worth lies beside the program.
      cwd: dirname(program),
      // V8's Maglev has overwritten figures (packages/release/src/layout.ts), and nobody inherits flags of a command line.
      execArgv: ["--no-maglev"],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // A model file is foreign code to a native parser: it gets no credentials.
      env: environment(),
    });
    this.#child.on("message", (message: FromProcess) => this.#settle(message));
    this.#child.on("error", (error) => this.#end(error.message));
    this.#child.on("exit", (code, signal) => this.#end(signal ?? `exit code ${code}`));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrKeptBytes);
    });
  }

  /** Resolves when the model is loaded and its graph is the contract's. Rejects with what stands in the way. */
  static async start(options: ProcessOptions): Promise<InferenceProcess> {
    const process = new InferenceProcess(options.program);
    try {
      const { contract, modelPath, runtime, digest } = options;
      const output = { name: contract.output.name, column: contract.output.column ?? null };
      const loaded = await process.#ask(
        { type: "load", runtime, modelPath, digest, inputs: contract.inputs, output },
        options.startTimeoutMs,
      );
      if (loaded.type !== "loaded") throw refusal(loaded as RefusedMessage, options);
      process.digest = loaded.digest;
      checkGraph(contract, loaded as LoadedMessage, modelPath);
      return process;
    } catch (error) {
      process.kill();
      throw error;
    }
  }

  /** Messages are answered one after another, in their order; the time of one begins when the one before has its answer.
   * Rejects with code `timeout` (the process is killed), `crash` (also when one before has timed out) or `inference`. */
  async run(rows: number, tensors: TensorData[], timeoutMs: number): Promise<DoneMessage> {
    const answer = await this.#ask({ type: "run", rows, tensors }, timeoutMs);
    if (answer.type === "done") return answer;
    throw new ServingError(
      "inference",
      `the model could not answer: ${(answer as { message: string }).message}`,
      {
        remedy: "Look for a value in the request that the graph has no rule for.",
      },
    );
  }

  #ask(message: ToProcess, timeoutMs: number): Promise<FromProcess> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) return reject(this.#crash());
      this.#waiting.push({ settle: resolve, fail: reject, timeoutMs });
      if (this.#waiting.length === 1) this.#startTimer();
      this.#child.send(message, (error) => {
        if (error !== null) this.#end(error.message);
      });
    });
  }

  #startTimer(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    const { timeoutMs } = oldest;
    this.#timer = setTimeout(() => {
      this.#waiting.shift();
      this.kill();
      // Before it is gone: what it was sent meanwhile would be lost.
      this.#end("SIGKILL: it did not answer in time");
      oldest.fail(
        new ServingError(
          "timeout",
          `the model did not answer within ${timeoutMs} ms; its process was killed`,
          {
            remedy: "Allow more time (INFERENCE_TIMEOUT_MS), or find out which input makes the graph slow.",
          },
        ),
      );
    }, timeoutMs);
  }

  #settle(message: FromProcess): void {
    clearTimeout(this.#timer);
    const answered = this.#waiting.shift();
    this.#startTimer();
    answered?.settle(message);
  }

  #end(why: string): void {
    if (this.#ended !== null) return;
    this.#ended = why;
    clearTimeout(this.#timer);
    for (const { fail } of this.#waiting.splice(0)) fail(this.#crash());
    this.onEnd(this.#crash());
  }

  #crash(): ServingError {
    const said = this.#stderr.trim();
    return new ServingError(
      "crash",
      `the inference process ended (${this.#ended})${said === "" ? "" : `; it said: ${said}`}`,
      { remedy: "Look for a memory limit that killed it, or a model that onnxruntime cannot run here." },
    );
  }

  /** SIGKILL, because a run that blocks its thread hears nothing else. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends an idle process; resolves once it is gone. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    const timer = setTimeout(() => this.kill(), graceMs);
    if (this.#child.connected) this.#child.disconnect();
    else this.kill();
    await gone;
    clearTimeout(timer);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }
}

function environment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "LD_LIBRARY_PATH", "LANG", "TZ", "TMPDIR", "TEMP", "SystemRoot"];
  return Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** What each stage of loading says to the reader. */
const refusals: Record<
  RefusedMessage["stage"],
  { code: ServingError["code"]; what: string; remedy: string }
> = {
  runtime: {
    code: "runtime",
    what: "cannot load onnxruntime-node",
    remedy: "It needs glibc 2.28 or newer and libstdc++ (no musl), on Linux, macOS or Windows, x64 or arm64.",
  },
  file: {
    code: "model-fetch",
    what: "cannot read the model",
    remedy: "Give the path of a readable ONNX file.",
  },
  digest: {
    code: "model-digest",
    what: "this is not the model that was asked for",
    remedy: "Give the digest of this file, or the file of this digest. Do not replace a model file in place.",
  },
  "external-data": {
    code: "model-invalid",
    what: "the model keeps weights in another file, which its digest does not cover",
    remedy: "Save it as one file: onnx.save(onnx.load(path), path, save_as_external_data=False).",
  },
  model: {
    code: "model-invalid",
    what: "onnxruntime cannot load the model",
    remedy: "Check the file with onnx.checker, and export it with operators that this onnxruntime knows.",
  },
};

function refusal({ stage, message }: RefusedMessage, options: ProcessOptions): ServingError {
  const { code, what, remedy } = refusals[stage];
  const place = stage === "runtime" ? options.runtime : options.modelPath;
  return new ServingError(code, `${what} (${place}): ${message}`, { remedy });
}
