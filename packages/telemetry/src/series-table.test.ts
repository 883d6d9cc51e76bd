/** Every family reads a page as its server or proxy writes it. */
import { expect, test } from "vitest";
import { parseExposition } from "./exposition.ts";
import { readFamily, seriesOf, speaks } from "./family.ts";
import { families } from "./series-table.ts";

const histogram = (name: string, labels: string, les: string[], counts: number[]) => [
  ...les.map((le, index) => `${name}_bucket{${labels},le="${le}"} ${counts[index]}`),
  `${name}_sum{${labels}} 1.5`,
  `${name}_count{${labels}} ${counts.at(-1)}`,
];
const istio = (code: string, rest = "") =>
  `reporter="destination",source_workload="gw",destination_workload="flights",response_code="${code}"${rest}`;

const pages: Record<string, { lines: string[]; counts: unknown }> = {
  "the server of ml-actions": {
    lines: [
      ...histogram("ml_request_duration_seconds", 'status="200"', ["0.0005", "0.01", "+Inf"], [3, 8, 9]),
      ...histogram("ml_request_duration_seconds", 'status="503"', ["0.0005", "0.01", "+Inf"], [1, 1, 1]),
      "ml_nan_answers_total 2",
      ...['le="0.5"} 4', 'le="+Inf"} 9'].map((rest) => `ml_output_score_bucket{${rest}`),
    ],
    counts: {
      requests: 10,
      errors: 1,
      nan: 2,
      latency: { boundsMs: [0.5, 10], counts: [4, 5, 1] },
      scores: { bounds: [0.5], counts: [4, 5] },
    },
  },
  Istio: {
    lines: [
      `istio_requests_total{${istio("200")}} 90`,
      `istio_requests_total{${istio("503", ',response_flags="UO"')}} 4`,
      `istio_requests_total{${istio("0", ',response_flags="DC"')}} 7`,
      `istio_requests_total{${istio("200", ',grpc_response_status="14"')}} 2`,
      `istio_requests_total{${istio("200", ',grpc_response_status="5"')}} 3`,
      'istio_requests_total{reporter="source",response_code="500"} 99',
      ...histogram("istio_request_duration_milliseconds", istio("200"), ["0.5", "1", "+Inf"], [1, 2, 95]),
      ...histogram(
        "istio_request_duration_milliseconds",
        'reporter="source",response_code="200"',
        ["1", "+Inf"],
        [9, 9],
      ),
    ],
    counts: {
      requests: 99,
      errors: 6,
      nan: null,
      latency: { boundsMs: [0.5, 1], counts: [1, 1, 93] },
      scores: null,
    },
  },
  "Envoy's clusters": {
    lines: [
      'envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="c"} 40',
      'envoy_cluster_upstream_rq_xx{envoy_response_code_class="4",envoy_cluster_name="c"} 2',
      'envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="c"} 3',
      ...histogram(
        "envoy_cluster_upstream_rq_time",
        'envoy_cluster_name="c"',
        ["0.5", "1", "+Inf"],
        [0, 5, 45],
      ),
    ],
    counts: {
      requests: 45,
      errors: 3,
      nan: null,
      latency: { boundsMs: [0.5, 1], counts: [0, 5, 40] },
      scores: null,
    },
  },
  "Knative's queue-proxy": {
    lines: [
      ...histogram(
        "kn_serving_invocation_duration_seconds",
        'http_response_status_code="200"',
        ["0.005", "+Inf"],
        [5, 6],
      ),
      ...histogram(
        "kn_serving_invocation_duration_seconds",
        'http_response_status_code="502"',
        ["0.005", "+Inf"],
        [0, 1],
      ),
    ],
    counts: { requests: 7, errors: 1, nan: null, latency: { boundsMs: [5], counts: [5, 2] }, scores: null },
  },
  "Knative's queue-proxy (before 1.19)": {
    lines: [
      'revision_request_count{response_code="200",response_code_class="2xx",revision_name="r"} 6',
      'revision_request_count{response_code="500",response_code_class="5xx",revision_name="r"} 1',
      ...histogram("revision_request_latencies", 'response_code="200"', ["5", "10", "+Inf"], [2, 4, 6]),
    ],
    counts: {
      requests: 7,
      errors: 1,
      nan: null,
      latency: { boundsMs: [5, 10], counts: [2, 2, 2] },
      scores: null,
    },
  },
  Triton: {
    lines: [
      'nv_inference_request_success{model="flights",version="1"} 20',
      'nv_inference_request_failure{model="flights",reason="BACKEND",version="1"} 2',
      'nv_inference_request_failure{model="flights",reason="CANCELED",version="1"} 5',
    ],
    counts: { requests: 22, errors: 2, nan: null, latency: null, scores: null },
  },
  MLServer: {
    lines: [
      'rest_server_requests_total{app_name="mlserver",method="POST",path="/v2/models/flights/infer",status_code="200"} 8',
      'rest_server_requests_total{app_name="mlserver",method="POST",path="/v2/models/flights/infer",status_code="500"} 1',
      'rest_server_requests_total{app_name="mlserver",method="GET",path="/v2/models/flights/ready",status_code="200"} 70',
      ...histogram(
        "rest_server_request_duration_seconds",
        'path="/v2/models/flights/infer",status_code="200"',
        ["0.01", "+Inf"],
        [8, 9],
      ),
    ],
    counts: { requests: 9, errors: 1, nan: null, latency: { boundsMs: [10], counts: [8, 1] }, scores: null },
  },
  BentoML: {
    lines: [
      'bentoml_service_request_total{endpoint="/predict",http_response_code="200"} 4',
      'bentoml_service_request_total{endpoint="/predict",http_response_code="500"} 1',
      'bentoml_service_request_total{endpoint="/readyz",http_response_code="200"} 90',
      ...histogram(
        "bentoml_service_request_duration_seconds",
        'endpoint="/predict",http_response_code="200"',
        ["0.01", "+Inf"],
        [4, 4],
      ),
    ],
    counts: { requests: 5, errors: 1, nan: null, latency: { boundsMs: [10], counts: [4, 0] }, scores: null },
  },
  http_requests_total: {
    lines: [
      'http_requests_total{code="200",handler="/predict"} 4',
      'http_requests_total{code="500",handler="/predict"} 1',
      'http_requests_total{code="200",handler="/healthz"} 9',
      ...histogram("http_request_duration_seconds", 'handler="/predict"', ["0.01", "+Inf"], [5, 5]),
    ],
    counts: { requests: 5, errors: 1, nan: null, latency: { boundsMs: [10], counts: [5, 0] }, scores: null },
  },
};
for (const [name, label] of [
  ["http_server_request_duration_seconds", "http_response_status_code"],
  ["http_request_duration_seconds", "status"],
  ["http_server_requests_seconds", "status"],
] as const) {
  pages[name] = {
    lines: [
      ...histogram(name, `${label}="200",path="/predict"`, ["0.01", "+Inf"], [5, 5]),
      ...histogram(name, `${label}="503",path="/predict"`, ["0.01", "+Inf"], [0, 2]),
      ...histogram(name, `${label}="200",path="/health"`, ["0.01", "+Inf"], [30, 30]),
    ],
    counts: { requests: 7, errors: 2, nan: null, latency: { boundsMs: [10], counts: [5, 2] }, scores: null },
  };
}

const read = (lines: readonly string[]) => parseExposition(`${lines.join("\n")}\n`, () => true);

test("there is a page for every family", () => {
  expect(Object.keys(pages).sort()).toEqual(families.map(({ name }) => name).sort());
});

test.each(families)("$name is read, and its page by no family before it", (family) => {
  const { lines, counts } = pages[family.name] ?? { lines: [], counts: null };
  const page = read(lines);
  expect(families.find((one) => speaks(one, page))?.name).toBe(family.name);
  expect(readFamily(family, page.samples)).toEqual(counts);
  const labels = page.samples
    .filter(({ name }) => seriesOf(family).includes(name))
    .flatMap((one) => [...one.labels.keys()]);
  expect(labels.filter((label) => !family.own.test(label))).toEqual([]);
});

test("requests that do not say how they ended are not counted by", () => {
  const lines = [
    'http_requests_total{handler="/predict"} 4',
    'request_predict_seconds_count{model_name="m"} 3',
  ];
  expect(families.find((one) => speaks(one, read(lines)))).toBeUndefined();
});

const ours = families[0] as (typeof families)[number];
const bucket = (le: string, count: string, status = "200") =>
  `ml_request_duration_seconds_bucket{le="${le}",status="${status}"} ${count}`;

test.each([
  ["a count that is NaN", ['ml_request_duration_seconds_count{status="200"} NaN'], "not-a-number"],
  ["a count that is infinite", ['ml_request_duration_seconds_count{status="200"} +Inf'], "not-a-number"],
  ["half a request", ['ml_request_duration_seconds_count{status="200"} 1.5'], "not-a-number"],
  ["fewer than none", ['ml_request_duration_seconds_count{status="200"} -1'], "not-a-number"],
  ["a bucket without a bound", [bucket("", "1"), bucket("+Inf", "1")], "not-a-number"],
  ["a bucket below the one before", [bucket("1", "5"), bucket("+Inf", "4")], "not-a-number"],
  ["no last bucket", [bucket("1", "5"), bucket("2", "5")], "ambiguous"],
  ["only the last bucket", [bucket("+Inf", "5")], "ambiguous"],
  [
    "other buckets for another status",
    [bucket("1", "5"), bucket("+Inf", "5"), bucket("2", "1", "500"), bucket("+Inf", "1", "500")],
    "ambiguous",
  ],
  [
    "milliseconds in a series of seconds",
    [bucket("5", "1"), bucket("5000", "9"), bucket("+Inf", "9")],
    "ambiguous",
  ],
])("%s is %s", (_, lines, code) => {
  expect(() => readFamily(ours, read(lines).samples)).toThrow(expect.objectContaining({ code }));
});

test("seconds in a series of milliseconds are told", () => {
  const istioFamily = families.find(({ name }) => name === "Istio") as (typeof families)[number];
  const lines = histogram(
    "istio_request_duration_milliseconds",
    istio("200"),
    ["0.005", "10", "+Inf"],
    [1, 2, 3],
  );
  expect(() => readFamily(istioFamily, read(lines).samples)).toThrow(/look like s/);
});
