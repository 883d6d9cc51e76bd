/** What may happen to requests between the runner and the API server, and to what Prometheus answers through it. */
import type { IncomingMessage, ServerResponse } from "node:http";

export interface Trouble {
  meets(request: IncomingMessage): boolean;
  /** In the API server's place. Left out: the request goes on. */
  answers?(request: IncomingMessage, response: ServerResponse): void;
  /** What comes back of the true answer. */
  becomes?(text: string): string;
}

type Answer = NonNullable<Trouble["answers"]>;

const always = () => true;
const isMetrics = ({ url }: IncomingMessage) => /\/proxy\/metrics(\?|$)/.test(url ?? "");
const isPrometheus = ({ url }: IncomingMessage) => /\/proxy\/api\/v1\/query(\?|$)/.test(url ?? "");

function refusal(code: number, reason: string, headers: Record<string, string> = {}): Answer {
  const word = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: "chaos" };
  return (_, response) => {
    response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(word));
  };
}

function plain(code: number, text: string): Answer {
  return (_, response) => {
    response.writeHead(code, { "content-type": "text/plain" }).end(text);
  };
}

interface Series {
  metric: Record<string, string>;
  values: [number, string][];
}

/** Prometheus' answer to a range selector, with other series in it. */
function seriesBecome(change: (series: Series) => Series[]): Trouble {
  return {
    meets: isPrometheus,
    becomes(text) {
      const answer = JSON.parse(text) as { data: { result: Series[] } };
      answer.data.result = answer.data.result.flatMap(change);
      return JSON.stringify(answer);
    },
  };
}

export const troubles = {
  429: { meets: always, answers: refusal(429, "TooManyRequests", { "retry-after": "1" }) },
  500: { meets: always, answers: refusal(500, "InternalError") },
  /** Of two writes one, as when others write the same objects all the while. */
  409: {
    meets: ({ method }) => method !== "GET" && Math.random() < 0.5,
    answers: refusal(409, "Conflict"),
  },
  outage: { meets: always, answers: (request) => request.socket.destroy() },
  metricsDown: { meets: isMetrics, answers: plain(503, "no healthy upstream") },
  metricsEmpty: { meets: isMetrics, answers: plain(200, "") },
  metricsNaN: {
    meets: isMetrics,
    answers: plain(200, 'ml_request_duration_seconds_count{status="200"} NaN\nml_predictions_total NaN\n'),
  },
  prometheusDown: { meets: isPrometheus, answers: plain(503, "no healthy upstream") },
  prometheusEmpty: seriesBecome(() => []),
  prometheusNaN: seriesBecome(({ metric, values }) => [
    { metric, values: values.map(([at]) => [at, "NaN"]) },
  ]),
  /** Each pod as two targets, as where two jobs find it. */
  prometheusTwice: seriesBecome(({ metric, values }) =>
    ["pods", "pods-again"].map((job) => ({ metric: { ...metric, job }, values })),
  ),
  /** An exporter that counts in milliseconds, under a name that says seconds. */
  prometheusUnits: seriesBecome(({ metric, values }) => {
    const { le } = metric;
    const isTime = /_seconds_bucket$/.test(metric.__name__ ?? "") && le !== undefined && le !== "+Inf";
    return [{ metric: isTime ? { ...metric, le: String(Number(le) * 1000) } : metric, values }];
  }),
} satisfies Record<string | number, Trouble>;
