/** How the releases' scores are spread: each server counts its own, at /metrics, and is asked here. */
import { get } from "node:http";
import type { SideCounts } from "@ml-actions/gates/types";
import type { Upstream } from "./exchange.ts";

type Histogram = NonNullable<SideCounts["scores"]>;

/** What a server says of itself at one moment. */
export interface Scrape {
  /** Tells a process from the one that it replaced. */
  process: string;
  scores: Histogram;
}

const answerWithinMs = 1_000;
/** A histogram of 300 buckets takes 20 KB, with all the rest of the page 40. */
const largestPage = 4 * 1024 * 1024;

/** One side's scores since the first time that it was asked, whatever processes served them. What a process counted
 * between our last question and its end is lost; nothing is counted twice. */
export class SideScores {
  #process = "";
  #earlier: readonly number[] = [];
  #start: readonly number[] = [];
  #last: Histogram | null = null;

  take({ process, scores }: Scrape): void {
    const last = this.#last;
    if (last === null) this.#start = scores.counts;
    else if (last.bounds.join() !== scores.bounds.join()) return;
    else if (process !== this.#process) {
      this.#earlier = this.#sum(last);
      this.#start = [];
    } else if (scores.counts.some((count, bucket) => count < (last.counts[bucket] ?? 0))) return;
    this.#process = process;
    this.#last = scores;
  }

  /** null until it was asked with success. */
  counts(): Histogram | null {
    return this.#last && { bounds: this.#last.bounds, counts: this.#sum(this.#last) };
  }

  #sum({ counts }: Histogram): number[] {
    return counts.map((count, bucket) => count - (this.#start[bucket] ?? 0) + (this.#earlier[bucket] ?? 0));
  }
}

/** Asks a release's process; null when there is none, or it does not answer in time. */
export async function scrape(upstream: Upstream | null): Promise<Scrape | null> {
  const port = upstream?.address()?.port;
  return port === undefined ? null : parseScores(await page(port));
}

/** Reads Prometheus' text format: cumulative `ml_output_score_bucket{le="0.01"} 5`, and the process' start. */
export function parseScores(text: string): Scrape | null {
  const process = /^process_start_time_seconds (\S+)$/m.exec(text)?.[1];
  const buckets = [...text.matchAll(/^ml_output_score_bucket\{le="([^"]+)"\} (\d+)$/gm)]
    .map(([, bound, count]) => ({ bound: bound === "+Inf" ? Infinity : Number(bound), upTo: Number(count) }))
    .sort((left, right) => left.bound - right.bound);
  if (process === undefined || buckets.length < 2 || buckets.at(-1)?.bound !== Infinity) return null;
  return {
    process,
    scores: {
      bounds: buckets.slice(0, -1).map(({ bound }) => bound),
      counts: buckets.map(({ upTo }, index) => upTo - (buckets[index - 1]?.upTo ?? 0)),
    },
  };
}

/** Empty when there is no answer. */
function page(port: number): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const signal = AbortSignal.timeout(answerWithinMs);
    const options = { host: "127.0.0.1", port, path: "/metrics", agent: false, signal };
    const request = get(options, (answer) => {
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > largestPage) request.destroy();
        else chunks.push(chunk);
      });
      answer.on("error", () => resolve(""));
      answer.on("end", () =>
        resolve(answer.statusCode === 200 ? Buffer.concat(chunks).toString("utf8") : ""),
      );
    });
    request.on("error", () => resolve(""));
    request.on("close", () => resolve(""));
  });
}
