/** A small Prometheus over HTTP: keeps scrapes, and answers range selectors by its matchers as the real one does. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { parseExposition } from "../exposition.ts";

interface Kept {
  labels: Record<string, string>;
  values: [number, string][];
}

export type Answerer = (query: string) => { status: number; text: string } | "hang" | "reset" | null;

export class SmallPrometheus {
  nowSeconds = 10_000;
  /** Asked first; null: the series answer. */
  instead: Answerer = () => null;
  readonly queries: string[] = [];
  readonly headers: (string | undefined)[] = [];
  #series = new Map<string, Kept>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<SmallPrometheus> {
    let self: SmallPrometheus | null = null;
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const url = new URL(request.url ?? "/", "http://127.0.0.1");
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const query = form.get("query") ?? url.searchParams.get("query") ?? "";
      self?.queries.push(query);
      self?.headers.push(request.headers.authorization);
      const answer = self?.instead(query) ?? self?.select(query) ?? "reset";
      if (answer === "reset") request.socket.destroy();
      else if (answer !== "hang") response.writeHead(answer.status).end(answer.text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    self = new SmallPrometheus(server);
    return self;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** A page as it is scraped now. */
  scrape(target: Record<string, string>, page: string): void {
    for (const { name, labels, value } of parseExposition(page, () => true).samples) {
      const all = { __name__: name, ...Object.fromEntries(labels), ...target };
      const key = JSON.stringify(Object.entries(all).sort());
      const kept: Kept = this.#series.get(key) ?? { labels: all, values: [] };
      this.#series.set(key, kept);
      kept.values.push([this.nowSeconds, String(value)]);
    }
  }

  select(query: string): { status: number; text: string } {
    const parts = /^\{(.*)\}\[(\d+)s\]$/s.exec(query);
    if (parts === null) {
      return {
        status: 400,
        text: JSON.stringify({ status: "error", errorType: "bad_data", error: "parse error" }),
      };
    }
    const [, inner = "", window = ""] = parts;
    const matchers = [...inner.matchAll(/(\w+)=~("(?:[^"\\]|\\.)*")/g)].map(
      ([, label = "", literal = '""']) => [label, new RegExp(`^(?:${JSON.parse(literal)})$`)] as const,
    );
    const result = [...this.#series.values()]
      .filter(({ labels }) => matchers.every(([label, pattern]) => pattern.test(labels[label] ?? "")))
      .map(({ labels, values }) => ({
        metric: labels,
        values: values.filter(([at]) => at > this.nowSeconds - Number(window)),
      }))
      .filter(({ values }) => values.length > 0);
    return {
      status: 200,
      text: JSON.stringify({ status: "success", data: { resultType: "matrix", result } }),
    };
  }
}

/** An instant vector: labels and value of each. */
export function vectorOf(...series: [Record<string, string>, number | string][]) {
  const result = series.map(([metric, value]) => ({ metric, value: [10_000, String(value)] }));
  return { status: 200, text: JSON.stringify({ status: "success", data: { resultType: "vector", result } }) };
}
