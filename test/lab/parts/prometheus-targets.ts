/** Beside Prometheus in its pod: tells it the pods that ask to be read, because Debian builds it without its own
 * discovery in Kubernetes. https://prometheus.io/docs/prometheus/latest/http_sd/ */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { get } from "node:https";

interface Pod {
  metadata: {
    name: string;
    namespace: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
  };
  spec: { containers: { ports?: { containerPort: number }[] }[] };
  status: { podIP?: string };
}

const account = "/var/run/secrets/kubernetes.io/serviceaccount";
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
const ask = "prometheus.io/";

function runningPods(): Promise<Pod[]> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${readFileSync(`${account}/token`, "utf8")}` };
    const url = `https://${host}:${port}/api/v1/pods?fieldSelector=status.phase%3DRunning`;
    const request = get(url, { headers, ca: readFileSync(`${account}/ca.crt`) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (response.statusCode === 200) resolve((JSON.parse(text) as { items: Pod[] }).items);
        else reject(new Error(`${response.statusCode} ${text}`));
      });
    });
    request.on("error", reject);
  });
}

/** `app.kubernetes.io/name` is no name of a label there. */
const labelName = (name: string) => name.replaceAll(/[^a-zA-Z0-9_]/g, "_");

function targetOf({ metadata, spec, status }: Pod) {
  const { name, namespace, annotations = {}, labels = {} } = metadata;
  const first = spec.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  const address = `${status.podIP}:${annotations[`${ask}port`] ?? first ?? 80}`;
  const own = { namespace, pod: name, __metrics_path__: annotations[`${ask}path`] ?? "/metrics" };
  const given = Object.fromEntries(Object.entries(labels).map(([key, value]) => [labelName(key), value]));
  return { targets: [address], labels: { ...given, ...own } };
}

const asks = ({ metadata, status }: Pod) =>
  metadata.annotations?.[`${ask}scrape`] === "true" && status.podIP !== undefined;

createServer((_request, response) => {
  runningPods().then(
    (pods) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(pods.filter(asks).map(targetOf)));
    },
    (error: Error) => response.writeHead(502).end(error.message),
  );
}).listen(9099, "127.0.0.1");

process.on("SIGTERM", () => process.exit(0));
