/** The series of servers and proxies that count requests by how they ended. In order: the first that both sides have
 * is taken. A source in the public code of each is named where the names are not in its documentation. */
import type { Family, Where } from "./family.ts";

/** Of whoever says when its process began; all client libraries do, Envoy does not. */
export const processStart = "process_start_time_seconds";

/** Only what the server failed at: 4xx are the caller's. */
const failed = (...label: string[]): Where => ({ label, is: /^5/ });
/** gRPC's codes for the server's own failures: UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const grpcFailed: Where = { label: ["grpc_response_status"], is: /^(2|4|13|14|15)$/ };
/** Labels that say which path was asked for. */
export const pathLabels = ["path", "handler", "route", "endpoint", "uri", "http_route"] as const;
const notProbes: Where = {
  label: pathLabels,
  not: /(^|\/)(metrics|health\w*|live\w*|ready\w*|readyz|livez|ping)\/?$|\/ready$|\/live$/i,
};
const atPods = { from: ["pods", "prometheus"], side: { by: "pod" } } as const;
const none = { nan: [], scores: null } as const;

/** The server that images of `build` hold. */
const ours: Family = {
  name: "the server of ml-actions",
  ...atPods,
  own: /^(status|reason|le)$/,
  requests: [{ series: "ml_request_duration_seconds_count" }],
  errors: [{ series: "ml_request_duration_seconds_count", where: [failed("status")] }],
  outcome: ["status"],
  nan: [{ series: "ml_nan_answers_total" }],
  latency: { series: "ml_request_duration_seconds", unit: "s" },
  scores: { series: "ml_output_score" },
};

/** As the server's side counts them, once. Code 0: the caller went away before there was an answer. */
const istioServed: readonly Where[] = [
  { label: ["reporter"], is: /^destination$/ },
  { label: ["response_code"], is: /^[1-5]/ },
];
const istio: Family = {
  name: "Istio",
  from: ["prometheus"],
  side: { by: "workload", label: "destination_workload", namespace: "destination_workload_namespace" },
  own: /^(reporter|source_.*|destination_.*|request_.*|response_.*|grpc_.*|connection_.*|le)$/,
  requests: [{ series: "istio_requests_total", where: istioServed }],
  errors: [
    { series: "istio_requests_total", where: [istioServed[0] as Where, failed("response_code")] },
    {
      series: "istio_requests_total",
      where: [istioServed[0] as Where, { label: ["response_code"], is: /^[1-4]/ }, grpcFailed],
    },
  ],
  outcome: ["response_code"],
  ...none,
  latency: { series: "istio_request_duration_milliseconds", unit: "ms", where: istioServed },
};

/** A gateway's own clusters, one a backend; where several backends share a cluster it cannot tell them apart. */
const envoy: Family = {
  name: "Envoy's clusters",
  from: ["prometheus"],
  side: { by: "backend", label: "envoy_cluster_name", namespace: null },
  own: /^(envoy_.*|le)$/,
  requests: [{ series: "envoy_cluster_upstream_rq_xx" }],
  errors: [{ series: "envoy_cluster_upstream_rq_xx", where: [failed("envoy_response_code_class")] }],
  outcome: ["envoy_response_code_class"],
  ...none,
  latency: { series: "envoy_cluster_upstream_rq_time", unit: "ms" },
};

/** Knative from 1.19 on: seconds. docs of knative.dev, "serving/observability/metrics/serving-metrics". */
const knative: Family = {
  name: "Knative's queue-proxy",
  ...atPods,
  own: /^(http_.*|network_.*|server_.*|url_.*|k8s_.*|kn_.*|otel_.*|le)$/,
  requests: [{ series: "kn_serving_invocation_duration_seconds_count" }],
  errors: [
    { series: "kn_serving_invocation_duration_seconds_count", where: [failed("http_response_status_code")] },
  ],
  outcome: ["http_response_status_code"],
  ...none,
  latency: { series: "kn_serving_invocation_duration_seconds", unit: "s" },
};

/** Knative up to 1.18: milliseconds. knative/serving, pkg/queue/request_metric.go. */
const knativeBefore: Family = {
  name: "Knative's queue-proxy (before 1.19)",
  ...atPods,
  own: /^(response_code.*|revision_.*|configuration_.*|service_name|namespace_name|container_name|pod_name|route_tag|le)$/,
  requests: [{ series: "revision_request_count" }],
  errors: [{ series: "revision_request_count", where: [failed("response_code")] }],
  outcome: ["response_code"],
  ...none,
  latency: { series: "revision_request_latencies", unit: "ms" },
};

/** No histogram of latency: its durations are sums. `reason` since 24.04; CANCELED is the caller's. */
const triton: Family = {
  name: "Triton",
  ...atPods,
  own: /^(model|version|reason|gpu_uuid)$/,
  requests: [
    { series: "nv_inference_request_success" },
    { series: "nv_inference_request_failure", where: [{ label: ["reason"], not: /^CANCELED$/ }] },
  ],
  errors: [{ series: "nv_inference_request_failure", where: [{ label: ["reason"], not: /^CANCELED$/ }] }],
  outcome: [],
  ...none,
  latency: null,
};

/** MLServer's REST; starlette_exporter with prefix `rest_server`. */
const mlserver: Family = {
  name: "MLServer",
  ...atPods,
  own: /^(app_name|method|path|status_code|le)$/,
  requests: [
    { series: "rest_server_requests_total", where: [{ label: ["path"], is: /\/infer(_stream)?$/ }] },
  ],
  errors: [
    {
      series: "rest_server_requests_total",
      where: [{ label: ["path"], is: /\/infer(_stream)?$/ }, failed("status_code")],
    },
  ],
  outcome: ["status_code"],
  ...none,
  latency: {
    series: "rest_server_request_duration_seconds",
    unit: "s",
    where: [{ label: ["path"], is: /\/infer(_stream)?$/ }],
  },
};

const bento: Family = {
  name: "BentoML",
  ...atPods,
  own: /^(endpoint|service_name|service_version|runner_name|http_response_code|le)$/,
  requests: [{ series: "bentoml_service_request_total", where: [notProbes] }],
  errors: [{ series: "bentoml_service_request_total", where: [notProbes, failed("http_response_code")] }],
  outcome: ["http_response_code"],
  ...none,
  latency: { series: "bentoml_service_request_duration_seconds", unit: "s", where: [notProbes] },
};

/** Labels that frameworks give to their requests. */
const http =
  /^(code|status|status_code|http_.*|method|path|handler|route|endpoint|uri|verb|outcome|exception|error|network_.*|server_.*|url_.*|otel_.*|le)$/;
const codes = [
  "code",
  "status",
  "status_code",
  "http_status",
  "http_status_code",
  "http_response_status_code",
];

/** The histogram's own count where its labels say how requests ended. */
const histogramOf = (series: string): Family => ({
  name: series,
  ...atPods,
  own: http,
  requests: [{ series: `${series}_count`, where: [notProbes] }],
  errors: [{ series: `${series}_count`, where: [notProbes, failed(...codes)] }],
  outcome: codes,
  ...none,
  latency: { series, unit: "s", where: [notProbes] },
});

/** A counter, and beside it a histogram that may not know how requests ended. */
const counted: Family = {
  ...histogramOf("http_request_duration_seconds"),
  name: "http_requests_total",
  requests: [{ series: "http_requests_total", where: [notProbes] }],
  errors: [{ series: "http_requests_total", where: [notProbes, failed(...codes)] }],
};

export const families: readonly Family[] = [
  ours,
  istio,
  envoy,
  knative,
  knativeBefore,
  triton,
  mlserver,
  bento,
  histogramOf("http_server_request_duration_seconds"),
  counted,
  histogramOf("http_request_duration_seconds"),
  histogramOf("http_server_requests_seconds"),
];

/** Series that show a server which does not count failures: named, so that nobody looks for the fault elsewhere. */
export const countsNoFailures: Record<string, string> = {
  request_predict_seconds: "KServe's Python server (request_predict_seconds)",
  ts_inference_requests_total: "TorchServe (ts_inference_requests_total)",
};

/** Whoever counts requests at all, whether or not failures among them: who answered can be told by any of these. */
export const requestCounters: readonly Pick<Family, "name" | "requests">[] = [
  ...families.filter(({ from }) => from.includes("pods")),
  { name: "KServe's Python server", requests: [{ series: "request_predict_seconds_count" }] },
  { name: "TorchServe", requests: [{ series: "ts_inference_requests_total" }] },
  // vllm-project/vllm, vllm/v1/metrics/loggers.py: one a finished request.
  { name: "vLLM", requests: [{ series: "vllm:request_success_total" }] },
  // tensorflow/serving, tensorflow_serving/servables/tensorflow/util.cc.
  { name: "TensorFlow Serving", requests: [{ series: ":tensorflow:serving:request_count" }] },
];
