/** Ways to a Prometheus, or whatever speaks its API: by URL, or through the API server with the cluster's credentials
 * alone. */
import type { Api } from "@ml-actions/cluster/types";
import { TelemetryError } from "../error.ts";

export interface Prometheus {
  /** Where it is, for people; never with what it is entered by. */
  name: string;
  /** An instant query, evaluated at its own now. Rejects when there is no answer, in time and of bearable size. */
  query(promql: string): Promise<{ status: number; text: string }>;
}

const answerWithinMs = 8_000;
const largestAnswer = 64 * 1024 * 1024;

/** `url` may have a path (`https://mimir.example/prometheus`). The token goes into the Authorization header and nowhere
 * else; redirects are not followed with it.
 * @throws TelemetryError `invalid` */
export function httpPrometheus(url: string, { token = "" }: { token?: string } = {}): Prometheus {
  const base = parseUrl(url);
  if (!/^[\x21-\x7e]*$/.test(token)) {
    throw new TelemetryError(
      "invalid",
      "The token for Prometheus has a character that no header can carry: a line end, a blank, or one beyond ASCII.",
      "Give the token alone, without `Bearer` and without a line end.",
    );
  }
  const name = `${base.origin}${base.pathname}`.replace(/\/$/, "");
  const headers = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
    ...(token !== "" && { authorization: `Bearer ${token}` }),
  };
  return {
    name,
    query: async (promql) => {
      // POST: the names of two hundred pods are longer than many proxies let a URL be.
      const answer = await fetch(`${name}/api/v1/query`, {
        method: "POST",
        headers,
        body: new URLSearchParams({ query: promql }),
        redirect: "manual",
        signal: AbortSignal.timeout(answerWithinMs),
      }).catch((error: Error) => {
        throw new Error(whyNot(error), { cause: error });
      });
      if (answer.status >= 300 && answer.status < 400) {
        throw new Error(`it redirects (${answer.status}); give the address that it leads to`);
      }
      return { status: answer.status, text: await bounded(answer) };
    },
  };
}

/** `services/proxy` with verb `get` is the right that it takes. */
export function servicePrometheus(
  api: Pick<Api, "proxy">,
  service: { namespace: string; service: string; port: number | string; scheme?: "http" | "https" },
): Prometheus {
  const { namespace, service: name, port, scheme } = service;
  return {
    name: `service ${name} in namespace ${namespace}`,
    query: (promql) =>
      api.proxy({
        kind: "services",
        namespace,
        name,
        port,
        path: `/api/v1/query?${new URLSearchParams({ query: promql })}`,
        ...(scheme !== undefined && { scheme }),
        timeoutMs: answerWithinMs,
        maxBytes: largestAnswer,
      }),
  };
}

function parseUrl(text: string): URL {
  const refuse = (why: string) =>
    new TelemetryError("invalid", `The URL of Prometheus ${why}.`, "Give it as https://host:port/path.");
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) throw refuse("is none with http or https");
  // Not quoted: a URL with a password in it ends up in logs.
  if (url.username !== "" || url.password !== "") throw refuse("has a user or a password in it");
  if (url.search !== "" || url.hash !== "") throw refuse("has a `?` or a `#` in it");
  return url;
}

/** fetch says "fetch failed" and keeps the reason in its cause. */
function whyNot(error: Error): string {
  if (error.name === "TimeoutError") return `no answer within ${answerWithinMs / 1000} s`;
  const cause = error.cause;
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}

async function bounded(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > largestAnswer) throw new Error(`its answer is longer than ${largestAnswer / 1024 ** 2} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
