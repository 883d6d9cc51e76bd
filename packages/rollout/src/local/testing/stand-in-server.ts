/**
 * Speaks the HTTP, the environment and the channel of the real server, without a model: its "model" is a JSON file of
 * faults, so that tests of the traffic can have any release they need, at once.
 */
import { appendFileSync, readFileSync } from "node:fs";
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
  /** Closes kept connections after this time of silence: the race of reuse. */
  keepAliveTimeoutMs?: number;
}

const modelPath = process.env.MODEL_URI ?? "";
const behaviour = JSON.parse(readFileSync(modelPath, "utf8")) as Behaviour;
const log = process.env.PREDICTION_LOG;
const score = behaviour.score ?? 0.5;
const startedAt = Date.now() / 1000;
let predictions = 0;

if (behaviour.crashAtStart) {
  console.error("FATAL the stand-in cannot load its model");
  process.exit(1);
}

async function predict(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const number = ++predictions;
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
    appendFileSync(log, `${JSON.stringify(record)}\n`);
  }
  response.writeHead(status, {
    "content-type": "application/json",
    "x-request-id": requestId,
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

/** As the real server has it, with four buckets. */
function metrics(): string {
  const bucket = (le: string, count: number) => `ml_output_score_bucket{le="${le}"} ${count}`;
  return [
    `ml_predictions_total ${predictions}`,
    `process_start_time_seconds ${startedAt}`,
    ...[0.25, 0.5, 0.75].map((bound) => bucket(String(bound), score <= bound ? predictions : 0)),
    `${bucket("+Inf", predictions)}\n`,
  ].join("\n");
}

const server = createServer((request, response) => {
  request.on("error", () => {});
  if (request.url === "/ready" || request.url === "/health") {
    response.writeHead(behaviour.neverReady ? 503 : 200).end("{}");
  } else if (request.url === "/metrics") {
    response.end(metrics());
  } else predict(request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = behaviour.keepAliveTimeoutMs ?? 75_000;
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  process.send?.({ type: "listening", port: (server.address() as AddressInfo).port });
});

function drain(): void {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}
process.on("disconnect", drain);
process.on("SIGTERM", () => {
  if (behaviour.exitAtSigterm) process.exit(0);
  if (!behaviour.ignoreSigterm) drain();
});
