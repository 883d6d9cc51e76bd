/** Traffic that nobody sends: counted by the clock, as if each route had so many requests a second, shared out among the
 * pods behind it by its weights. */

import { requestBuckets } from "@ml-actions/serving/server/metrics";

/** A heavily used model: enough that no verdict waits for requests. */
const perSecond = 2_000;

/** What one pod has served. */
export interface Side {
  requests: number;
  /** Every tenth request failed. */
  failing: boolean;
  startedS: number;
}

interface Weight {
  name: string;
  weight: number;
}

export class Traffic {
  readonly #weights: readonly Weight[];
  readonly #behind: (service: string) => { served: Side }[];
  #at = performance.now();

  constructor(weights: readonly Weight[], behind: (service: string) => { served: Side }[]) {
    this.#weights = weights;
    this.#behind = behind;
  }

  /** Counts what came in since the last time. To be called before anything of it changes. */
  settle(): void {
    const now = performance.now();
    if (now - this.#at < 1) return;
    const requests = ((now - this.#at) / 1000) * perSecond;
    this.#at = now;
    const all = this.#weights.reduce((sum, { weight }) => sum + weight, 0);
    for (const { name, weight } of this.#weights) {
      const pods = this.#behind(name);
      for (const { served } of pods) served.requests += (requests * weight) / all / pods.length;
    }
  }

  /** Who answers one more request. */
  pick(): { served: Side } | undefined {
    const all = this.#weights.reduce((sum, { weight }) => sum + weight, 0);
    let left = Math.random() * all;
    const chosen = this.#weights.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    const pods = chosen === undefined ? [] : this.#behind(chosen.name);
    return pods[Math.floor(Math.random() * pods.length)];
  }
}

/** Of requests that take 10 ms on the average, exponentially distributed, those that take no longer. */
const shareUpTo = (seconds: number) => 1 - Math.exp(-seconds / 0.01);

/** As our own server writes it. */
export function metricsPage({ requests, failing, startedS }: Side): string {
  const failed = failing ? requests / 10 : 0;
  const lines = [`process_start_time_seconds ${startedS}`, "ml_nan_answers_total 0"];
  for (const [status, count] of [
    ["200", requests - failed],
    ["500", failed],
  ] as const) {
    let upTo = 0;
    for (const [index, bound] of [...requestBuckets, Number.POSITIVE_INFINITY].entries()) {
      // Each bucket's own count by itself, so that none ever falls; their sum is the count.
      upTo += Math.floor(count * (shareUpTo(bound) - shareUpTo(requestBuckets[index - 1] ?? 0)));
      const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : bound;
      lines.push(`ml_request_duration_seconds_bucket{status="${status}",le="${le}"} ${upTo}`);
    }
    lines.push(`ml_request_duration_seconds_count{status="${status}"} ${upTo}`);
  }
  return `${lines.join("\n")}\n`;
}
