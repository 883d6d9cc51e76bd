/** How the server program is run: one release a process, told by its environment what to serve. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface ServerLaunch {
  program: string;
  inferenceProgram: string;
  modelPath: string;
  modelDigest: string;
  contractPath: string;
  /** Left out where the release does not know it. */
  contractDigest?: string;
  predictionLog: string;
  /** Receives standard output and standard error. */
  logFile: string;
}

/** What a server may know of its surroundings. Not here on purpose: the job's tokens and the action's inputs. */
const passedOn = new Set([
  ...["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "NODE_EXTRA_CA_CERTS"],
  // Where onnxruntime-node is, or may be fetched from and kept.
  ...["ONNXRUNTIME", "ONNXRUNTIME_LOCK", "RUNNER_TOOL_CACHE", "RUNNER_TEMP"],
  ...["npm_config_registry", "npm_config_cache", "npm_config_cafile", "npm_config_userconfig"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"],
  // The server's own limits.
  ...["POOL_SIZE", "INFERENCE_TIMEOUT_MS", "MAX_BODY_BYTES", "MAX_INSTANCES", "MAX_CONCURRENCY", "LOG_LEVEL"],
  // The runner ends what carries it at the end of the job; emptied by whoever wants the target to outlive the job.
  "RUNNER_TRACKING_ID",
]);

export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.has(name)));
}

/** Starts the program with a channel that ends it when this process is gone. */
export function startServer(launch: ServerLaunch): ChildProcess {
  const log = openSync(launch.logFile, "a", 0o600);
  try {
    return spawn(process.execPath, [launch.program], {
      env: {
        ...cleanEnvironment(),
        HOST: "127.0.0.1",
        PORT: "0",
        MODEL_URI: launch.modelPath,
        MODEL_DIGEST: launch.modelDigest,
        CONTRACT_URI: launch.contractPath,
        ...(launch.contractDigest !== undefined && { CONTRACT_DIGEST: launch.contractDigest }),
        INFERENCE_PROGRAM: launch.inferenceProgram,
        PREDICTION_LOG: launch.predictionLog,
        // A line a request would fill the disk; the prediction log has them.
        LOG_LEVEL: process.env.LOG_LEVEL ?? "warn",
        // No balancer has to notice: it is told to stop when no request comes any more.
        DRAIN_DELAY_MS: "0",
      },
      stdio: ["ignore", log, log, "ipc"],
    });
  } finally {
    closeSync(log);
  }
}

/** The port that the server tells over its channel once it listens; null for any other message. */
export function announcedPort(message: unknown): number | null {
  if (typeof message !== "object" || message === null) return null;
  if (!("type" in message) || message.type !== "listening" || !("port" in message)) return null;
  const { port } = message;
  return typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
}
