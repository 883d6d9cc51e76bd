/**
 * Speaks the HTTP, the environment and the channel of the real server, without a model: its "model" is a JSON file of
 * faults, so that tests of the traffic can have any release they need, at once.
 */
import { appendFileSync, readFileSync, writeSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface Behaviour {
  name: string;
  /** Answers /predict after this time. */
  delayMs?: number;
  /** Every n-th prediction fails with 500, or has a NaN row, or resets the connection. */
  failEvery?: number;
  nanEvery?: number;
  resetEvery?: number;
  /** What it answers with: .5 unless told otherwise. */
  score?: number;
  /** Never answers /predict. */
  hang?: boolean;
  /** Ends the process at the n-th prediction. */
  crashAt?: number;
  /** Ends the process at its start. */
  crashAtStart?: boolean;
  neverReady?: boolean;
  ignoreSigterm?: boolean;
  /** Drops what is under way at SIGTERM. */
  exitAtSigterm?: boolean;
  /** Does not say in its answers which release it is, as other people's servers. `counts`: its metrics are those of a
   * web framework, by path and status; `silent`: it has none. */
  unnamed?: "counts" | "silent";
  /** Closes kept connections after this time of silence: the race of reuse. */
  keepAliveTimeoutMs?: number;
}

const modelPath = process.env.MODEL_URI ?? "";
const behaviour = JSON.parse(readFileSync(modelPath, "utf8")) as Behaviour;
const log = process.env.PREDICTION_LOG;
const score = behaviour.score ?? 0.5;
const startedAt = Date.now() / 1000;
const release = process.env.ML_RELEASE;
let predictions = 0;
let nanRows = 0;
/** Answers to /predict by status, each with the seconds they took in all. */
const answered = new Map<number, { count: number; seconds: number }>();

if (behaviour.crashAtStart) {
  console.error("FATAL the stand-in cannot load its model");
  process.exit(1);
}

async function predict(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const number = ++predictions;
  const beganMs = performance.now();
  const every = (n: number | undefined) => n !== undefined && number % n === 0;
  if (behaviour.crashAt === number) process.exit(13);
  if (behaviour.hang) return;
  if (every(behaviour.resetEvery)) {
    request.socket.destroy();
    return;
  }
  if (behaviour.delayMs !== undefined) await sleep(behaviour.delayMs);
  const requestId = String(request.headers["x-request-id"]);
  const status = every(behaviour.failEvery) ? 500 : 200;
  const model = process.env.MODEL_DIGEST ?? "";
  if (log !== undefined && status === 200) {
    const record = { at: Date.now(), request_id: requestId, model, input: model, outputs: [score], ms: 1 };
    const line = `${JSON.stringify(record)}\n`;
    // A container's may not be opened anew by another user than root.
    if (log === "/dev/stdout") writeSync(1, line);
    else appendFileSync(log, line);
  }
  const seen = answered.get(status) ?? { count: 0, seconds: 0 };
  answered.set(status, seen);
  seen.count++;
  seen.seconds += (performance.now() - beganMs) / 1000;
  if (every(behaviour.nanEvery)) nanRows++;
  response.writeHead(status, {
    "content-type": "application/json",
    "x-request-id": requestId,
    // Not on arrival alone: what was under way when the drain began closes its connection too.
    ...(draining ? { connection: "close" } : {}),
    ...(every(behaviour.nanEvery) ? { "x-ml-nan-rows": "1" } : {}),
  });
  const answer = {
    predictions: [score],
    model: { name: behaviour.name, digest: model },
    request_id: requestId,
  };
  response.end(
    JSON.stringify({ ...answer, received: Buffer.concat(chunks).byteLength, headers: request.headers }),
  );
}

/** As the real server has it, with a few buckets. */
function metrics(): string {
  const bucket = (le: string, count: number) => `ml_output_score_bucket{le="${le}"} ${count}`;
  const delaySeconds = (behaviour.delayMs ?? 0) / 1000;
  const requests = [...answered].flatMap(([status, { count, seconds }]) => [
    ...["0.01", "0.1", "1", "+Inf"].map((le) => {
      const within = le === "+Inf" || delaySeconds < Number(le) ? count : 0;
      return `ml_request_duration_seconds_bucket{status="${status}",le="${le}"} ${within}`;
    }),
    `ml_request_duration_seconds_sum{status="${status}"} ${seconds}`,
    `ml_request_duration_seconds_count{status="${status}"} ${count}`,
  ]);
  return [
    `ml_predictions_total ${predictions}`,
    `process_start_time_seconds ${startedAt}`,
    `ml_inference_failures_total{reason="nan"} ${nanRows}`,
    `ml_nan_answers_total ${nanRows}`,
    `ml_inference_failures_total{reason="inference"} ${answered.get(500)?.count ?? 0}`,
    "# TYPE ml_request_duration_seconds histogram",
    ...requests,
    "# TYPE ml_output_score histogram",
    `ml_output_score_sum ${score * predictions}`,
    `ml_output_score_count ${predictions}`,
    ...[0.25, 0.5, 0.75].map((bound) => bucket(String(bound), score <= bound ? predictions : 0)),
    `${bucket("+Inf", predictions)}\n`,
  ].join("\n");
}

/** As web frameworks have it: what has no route of its own is counted too. */
const asked = new Map<string, number>();
function frameworkMetrics(): string {
  const series = [...asked].map(([labels, count]) => `http_requests_total{${labels}} ${count}`);
  const started = `process_start_time_seconds ${startedAt}`;
  return ["# TYPE http_requests_total counter", ...series, `${started}\n`].join("\n");
}

function countAsked({ method, url = "/" }: IncomingMessage): void {
  const known = ["/predict", "/metrics", "/ready", "/health"].includes(url);
  const labels = `handler="${known ? url : "none"}",method="${method}",status="${known ? 200 : 404}"`;
  asked.set(labels, (asked.get(labels) ?? 0) + 1);
}

let draining = false;
const server = createServer((request, response) => {
  request.on("error", () => {});
  if (release !== undefined && behaviour.unnamed === undefined) response.setHeader("x-ml-release", release);
  if (draining) response.setHeader("connection", "close");
  countAsked(request);
  if (request.url === "/ready" || request.url === "/health") {
    const ready = !behaviour.neverReady && !(draining && request.url === "/ready");
    response.writeHead(ready ? 200 : 503).end("{}");
  } else if (request.url === "/metrics" && behaviour.unnamed !== "silent") {
    response.end(behaviour.unnamed === "counts" ? frameworkMetrics() : metrics());
  } else if (behaviour.unnamed !== undefined && request.url !== "/predict") {
    response.writeHead(404).end("{}");
  } else predict(request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = behaviour.keepAliveTimeoutMs ?? 75_000;
server.listen(Number(process.env.PORT ?? 0), process.env.HOST ?? "127.0.0.1", () => {
  process.send?.({ type: "listening", port: (server.address() as AddressInfo).port });
});

/** As the real server: not ready at first, and everything is still answered. */
async function drain(): Promise<void> {
  draining = true;
  await sleep(Number(process.env.DRAIN_DELAY_MS ?? 0));
  setInterval(() => server.closeIdleConnections(), 50);
  server.close(() => process.exit(0));
}
process.on("disconnect", drain);
process.on("SIGTERM", () => {
  if (behaviour.exitAtSigterm) process.exit(0);
  if (!behaviour.ignoreSigterm) void drain();
});
