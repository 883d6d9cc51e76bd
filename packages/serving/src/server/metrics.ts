/** What Prometheus reads at /metrics. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Contract } from "../contract.ts";
import type { PoolHealth } from "../pool.ts";
import { scoreBounds } from "./score-bounds.ts";

/** Why a request got no answer, or a row no number. `nan` counts rows, the others requests. */
export const failureReasons = [
  "nan",
  "timeout",
  "crash",
  "inference",
  "rejected",
  "invalid",
  "unavailable",
  "internal",
] as const;
export type FailureReason = (typeof failureReasons)[number];

/** Seconds. Inference of a small model takes tens of microseconds, so the usual web buckets would hold it all in one. */
const inferenceBuckets = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
/** Seconds, 10 % apart. A gate such as `latency.p99 <= baseline * 1.5` cannot be proven for any number of requests where
 * the bound above stable's quantile is more than half as long again: of two that are equally fast, as many lie above. */
export const requestBuckets: readonly number[] = Array.from({ length: 105 }, (_, index) =>
  Number((0.0005 * 1.1 ** index).toPrecision(4)),
);

export interface Metrics {
  registry: Registry;
  /** Says which model runs; the counters carry no label of it because a server serves one model. Called once, before
   * the first answer. */
  serves(contract: Contract, digest: string): void;
  scored(score: number): void;
  predicted(rows: number, nanRows: number, inferenceMs: number): void;
  failed(reason: FailureReason): void;
  answered(status: number, ms: number): void;
}

/** What the gauges read at every scrape. */
export interface Live {
  pool: () => PoolHealth | null;
  inFlight: () => number;
  logDropped: () => number;
}

export function createMetrics(live: Live): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const predictions = new Counter({ name: "ml_predictions_total", help: "Rows answered.", registers });
  const duration = new Histogram({
    name: "ml_inference_duration_seconds",
    help: "Time inside the model for a request's rows, other requests' rows of the same message included.",
    buckets: inferenceBuckets,
    registers,
  });
  const failures = new Counter({
    name: "ml_inference_failures_total",
    help: "Rows without a number (reason nan) and requests without an answer (the other reasons).",
    labelNames: ["reason"],
    registers,
  });
  const requests = new Histogram({
    name: "ml_request_duration_seconds",
    help: "Time from a request's first byte to its answer, by status code.",
    labelNames: ["status"],
    buckets: [...requestBuckets],
    registers,
  });
  // A series that appears only with its first failure has no rate at that failure.
  for (const reason of failureReasons) failures.inc({ reason }, 0);
  const nanAnswers = new Counter({
    name: "ml_nan_answers_total",
    help: "Requests answered with at least one row without a number.",
    registers,
  });
  const model = new Gauge({
    name: "ml_model_info",
    help: "1; the labels say which model runs.",
    labelNames: ["model", "version", "digest"],
    registers,
  });
  liveGauges(registers, live);
  let scores: Histogram | null = null;
  const byStatus = new Map<number, ReturnType<typeof requests.labels>>();
  return {
    registry,
    serves(contract, digest) {
      model.set({ model: contract.model, version: contract.version, digest }, 1);
      scores = scoreHistogram(registers, contract);
    },
    scored: (score) => scores?.observe(score),
    predicted(rows, nanRows, inferenceMs) {
      predictions.inc(rows);
      duration.observe(inferenceMs / 1000);
      if (nanRows === 0) return;
      failures.inc({ reason: "nan" }, nanRows);
      nanAnswers.inc();
    },
    failed: (reason) => failures.inc({ reason }),
    answered(status, ms) {
      // Looked up once a status: hashing labels for every request costs more than the observation.
      const child = byStatus.get(status) ?? requests.labels({ status: String(status) });
      byStatus.set(status, child);
      child.observe(ms / 1000);
    },
  };
}

/** One row a request, drawn at random: rows of a request resemble each other, and whoever compares two releases by
 * these counts takes them to be independent. */
function scoreHistogram(registers: Registry[], { task }: Contract): Histogram {
  return new Histogram({
    name: "ml_output_score",
    help: "Score of one row of every answered request: the probability, the highest of several, or the value.",
    buckets: [...scoreBounds(task)],
    registers,
  });
}

function liveGauges(registers: Registry[], live: Live): void {
  const gauge = (name: string, help: string, read: () => number) => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge("ml_inference_processes", "Inference processes that answer.", () => live.pool()?.alive ?? 0);
  gauge("ml_inference_queue_length", "Requests that wait for a process.", () => live.pool()?.queued ?? 0);
  gauge(
    "ml_inference_restarts",
    "Inference processes replaced since the start.",
    () => live.pool()?.restarts ?? 0,
  );
  gauge("ml_requests_in_flight", "Requests being answered.", live.inFlight);
  gauge("ml_prediction_log_dropped", "Lines that the prediction log could not keep.", live.logDropped);
}
