/** Servers with counters on 127.0.0.1, and a proxy that reaches them as the API server's does. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Api, ProxyAnswer, ProxyTarget } from "@ml-actions/cluster/types";
import type { CountedPod } from "./pods.ts";

/** What the server of an image writes; `served` by status, as many with NaN. */
export function pageOf(served: Record<string, number>, nan = 0, startedAt = 1_000): string {
  const bounds = ["0.01", "0.1", "+Inf"];
  const lines = Object.entries(served).flatMap(([status, count]) => [
    ...bounds.map((le) => `ml_request_duration_seconds_bucket{le="${le}",status="${status}"} ${count}`),
    `ml_request_duration_seconds_sum{status="${status}"} ${count / 100}`,
    `ml_request_duration_seconds_count{status="${status}"} ${count}`,
  ]);
  const all = Object.values(served).reduce((sum, count) => sum + count, 0);
  return [
    "# HELP ml_request_duration_seconds Time from a request's first byte to its answer.",
    "# TYPE ml_request_duration_seconds histogram",
    ...lines,
    `ml_nan_answers_total ${nan}`,
    ...["0.5", "+Inf"].map((le) => `ml_output_score_bucket{le="${le}"} ${all}`),
    `process_start_time_seconds ${startedAt}`,
    "",
  ].join("\n");
}

/** A pod whose page can be anything: text, a status, or no answer at all. */
export class PodServer {
  page: string | number | "hang" | "reset" = pageOf({});
  readonly pod: CountedPod;
  readonly #server: Server;

  private constructor(name: string, server: Server) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.pod = { namespace: "ns", name, uid: `uid-${name}-${port}`, port };
  }

  static async start(name: string): Promise<PodServer> {
    let self: PodServer | null = null;
    const server = createServer((request, response) => {
      const page = self?.page ?? 503;
      if (page === "hang") return;
      if (page === "reset") request.socket.destroy();
      else
        response.writeHead(typeof page === "number" ? page : 200).end(typeof page === "number" ? "no" : page);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    self = new PodServer(name, server);
    return self;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

export const proxyApi: Pick<Api, "proxy"> = {
  proxy: async ({ port, path, headers = {}, timeoutMs = 5_000 }: ProxyTarget): Promise<ProxyAnswer> => {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal });
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      text: await answer.text(),
    };
  },
};
