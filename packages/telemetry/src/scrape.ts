/** A pod's page of metrics, through the API server's pod proxy. */
import type { Api } from "@ml-actions/cluster/types";
import { quoted, TelemetryError } from "./error.ts";
import { type Page, parseExposition } from "./exposition.ts";

export interface CountedPod {
  namespace: string;
  name: string;
  uid: string;
  /** Where it answers at `path`. */
  port: number;
  /** `/metrics` where left out. */
  path?: string;
}

/** A page, or why there is none. */
export interface Answer {
  pod: CountedPod;
  page: Page | null;
  fault: TelemetryError | null;
}

/** A page of 2,000 series takes 200 KB. */
const largestPage = 32 * 1024 * 1024;

/** Its samples of the wanted series. Never rejects. */
export async function scrape(
  api: Pick<Api, "proxy">,
  pod: CountedPod,
  wanted: ReadonlySet<string>,
  timeoutMs: number,
): Promise<Answer> {
  const none = (why: string): Answer => ({ pod, page: null, fault: new TelemetryError("outage", why, "") });
  const { namespace, name, port, path = "/metrics" } = pod;
  if (timeoutMs <= 0) return none("there was no time left to ask it.");
  try {
    const answer = await api.proxy({
      kind: "pods",
      namespace,
      name,
      port,
      path,
      // OpenMetrics may bring exemplars and needs no line end before its end; this is read by every client library.
      headers: { accept: "text/plain; version=0.0.4" },
      timeoutMs,
      maxBytes: largestPage,
    });
    if (answer.status !== 200) return none(`${path} answered ${answer.status}: ${quoted(answer.text)}`);
    return { pod, page: parseExposition(answer.text, (series) => wanted.has(series)), fault: null };
  } catch (error) {
    return error instanceof TelemetryError
      ? { pod, page: null, fault: error }
      : none((error as Error).message);
  }
}
