/** The server's life: listen, load the model, serve, drain. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { type Logger, pino } from "pino";
import { ServingError } from "../errors.ts";
import { loadContract } from "../load-contract.ts";
import { InferencePool } from "../pool.ts";
import { resolveModel } from "../resolve-model.ts";
import { findRuntime } from "../runtime.ts";
import { createApp, type ServerState } from "./app.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { PredictionLog, type PredictionSink } from "./prediction-log.ts";
import { type Output, PredictionStdout, stdoutPath } from "./prediction-stdout.ts";
import { PredictionService } from "./service.ts";
import { misspeltSettings, readSettings, type Settings } from "./settings.ts";

/** Lines of log that a stalled reader of stdout may hold up before they are dropped. */
const maxLogBytes = 4 * 1024 * 1024;

/** Runs until SIGTERM, SIGINT or, under a supervisor, the end of its IPC channel. `program` is the path of the program
 * that was started: the inference program lies beside it. Exits 0 after a drain, 1 when it cannot start or the drain
 * takes too long. */
export async function runServer(program: string): Promise<void> {
  const output = pino.destination({ dest: 1, sync: false, minLength: 4096, maxLength: maxLogBytes });
  // A closed stdout is no reason to stop answering.
  output.on("error", () => {});
  setInterval(() => output.flush(), 250).unref();
  const logger = pino(logOptions(process.env.LOG_LEVEL), output);
  const exit = (code: number): never => {
    try {
      output.flushSync();
    } catch {
      // Nobody reads the log any more.
    }
    process.exit(code);
  };
  const fail = (error: unknown): never => {
    const known = error instanceof Error && "remedy" in error ? { remedy: error.remedy } : { err: error };
    logger.fatal(known, (error as Error).message);
    return exit(1);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  await new Server(logger, output, exit).run(readSettings(process.env, resolve(program))).catch(fail);
}

function logOptions(level: string | undefined) {
  return {
    level: level !== undefined && level in { ...pino.levels.values, silent: 1 } ? level : "info",
    base: { pid: process.pid },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
}

class Server {
  readonly #logger: Logger;
  readonly #output: Output;
  readonly #exit: (code: number) => never;
  readonly #state: ServerState = { service: null, draining: false, inFlight: 0 };

  constructor(logger: Logger, output: Output, exit: (code: number) => never) {
    this.#logger = logger;
    this.#output = output;
    this.#exit = exit;
  }

  async run(settings: Settings): Promise<void> {
    const state = this.#state;
    for (const warning of misspeltSettings(process.env)) this.#logger.warn(warning);
    const metrics = createMetrics({
      pool: () => state.service?.pool.health() ?? null,
      inFlight: () => state.inFlight,
      logDropped: () => state.service?.log?.dropped ?? 0,
    });
    const app = createApp(settings, state, metrics, this.#logger);
    const stop = (reason: string) => void this.#drain(app, settings, reason);
    process.on("SIGTERM", () => stop("SIGTERM"));
    process.on("SIGINT", () => stop("SIGINT"));
    // A supervisor that is gone routes nothing here any more, and nobody else would ever stop this process.
    process.on("disconnect", () => stop("the supervisor's channel closed"));
    await listen(app, settings);
    const { port } = app.server.address() as AddressInfo;
    this.#logger.info({ host: settings.HOST, port }, "listening");
    process.send?.({ type: "listening", port });
    state.service = await this.#load(settings, metrics);
    this.#logger.info({ model: state.service.model }, "ready: the model has answered its probe");
  }

  async #load(settings: Settings, metrics: Metrics): Promise<PredictionService> {
    const log = settings.PREDICTION_LOG === undefined ? null : await this.#openLog(settings.PREDICTION_LOG);
    const runtime = settings.ONNXRUNTIME ?? (await this.#findRuntime(settings));
    const directory = settings.MODEL_DIRECTORY ?? ownDirectory();
    const model = await resolveModel(settings.MODEL_URI, {
      directory,
      ...(settings.MODEL_DIGEST !== undefined && { digest: settings.MODEL_DIGEST }),
      ...(settings.CONTRACT_URI !== undefined && { contract: settings.CONTRACT_URI }),
    });
    const contract = await loadContract(model.contract, settings.CONTRACT_DIGEST);
    const pool = await InferencePool.start({
      program: settings.INFERENCE_PROGRAM,
      runtime,
      modelPath: model.path,
      digest: model.digest,
      contract,
      processes: settings.POOL_SIZE,
      timeoutMs: settings.INFERENCE_TIMEOUT_MS,
      maxQueued: settings.MAX_CONCURRENCY,
      onRestart: (why) => this.#logger.warn(`an inference process is being replaced: ${why.message}`),
    });
    metrics.serves(contract, pool.digest);
    return new PredictionService({ contract, pool, metrics, log, maxInstances: settings.MAX_INSTANCES });
  }

  #findRuntime(settings: Settings): Promise<string> {
    return findRuntime({
      inference: settings.INFERENCE_PROGRAM,
      ...(settings.ONNXRUNTIME_LOCK !== undefined && { lock: settings.ONNXRUNTIME_LOCK }),
      onProgress: (line) => this.#logger.info(line),
    });
  }

  async #openLog(path: string): Promise<PredictionSink> {
    if (path === stdoutPath) return new PredictionStdout(this.#output);
    let lastSaidAt = 0;
    return PredictionLog.open(path, (error) => {
      // One line a minute: a full disk fails five times a second.
      if (Date.now() - lastSaidAt < 60_000) return;
      lastSaidAt = Date.now();
      this.#logger.warn({ path }, `the prediction log loses lines: ${error.message}`);
    });
  }

  /** First not ready, so that balancers go elsewhere, while everything is still answered and every answer closes its
   * connection; then no new connections; then the end of what is in flight; then the processes. */
  async #drain(app: FastifyInstance, settings: Settings, reason: string): Promise<void> {
    const state = this.#state;
    if (state.draining) return;
    state.draining = true;
    this.#logger.info({ reason, in_flight: state.inFlight }, "draining");
    setTimeout(() => {
      this.#logger.error(
        { in_flight: state.inFlight },
        `not drained after ${settings.DRAIN_TIMEOUT_MS} ms: ending`,
      );
      this.#exit(1);
    }, settings.DRAIN_TIMEOUT_MS);
    if (state.service !== null) await sleep(settings.DRAIN_DELAY_MS);
    // Closing looks for idle connections once; one that falls idle a moment later would be waited for.
    const idle = setInterval(() => app.server.closeIdleConnections(), 50);
    await app.close();
    clearInterval(idle);
    await state.service?.log?.close();
    await state.service?.pool.stop();
    this.#logger.info("drained");
    this.#exit(0);
  }
}

/** A name that nobody else has; the directory is there only when a model is fetched into it, and goes with the process. */
function ownDirectory(): string {
  const directory = join(tmpdir(), `ml-actions-model-${randomUUID()}`);
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function listen(app: FastifyInstance, { HOST, PORT }: Settings): Promise<void> {
  await app.listen({ host: HOST, port: PORT }).catch((cause: NodeJS.ErrnoException) => {
    throw new ServingError("settings", `cannot listen on ${HOST} port ${PORT}: ${cause.message}`, {
      cause,
      remedy: "Free the port, give another as PORT, or 0 to let the system choose.",
    });
  });
}
