/** Copies of stable's requests for the candidate. A copy never delays or fails the request it was taken from: it is
 * sent after it, its answer is thrown away, and when too many are under way it is not sent but counted. */
import type { IncomingMessage } from "node:http";
import type { Budget } from "./budget.ts";
import type { Outcome, Side } from "./counts.ts";
import { exchange } from "./exchange.ts";
import { upstreamHeaders } from "./headers.ts";
import type { Routing } from "./routing.ts";

/** Copies under way at once. */
const concurrencyLimit = 64;

/** Where the original's outcome is counted when its copy was sent, so that both sides are compared on the same requests. */
export interface Pairing {
  stable: Side | null;
}

export class Mirror {
  readonly #routing: Routing;
  readonly #timeoutMs: number;
  readonly #budget: Budget;
  readonly #between: boolean;
  #underWay = 0;

  /** @param between as `ProxyOptions` has it */
  constructor(routing: Routing, timeoutMs: number, budget: Budget, between: boolean) {
    this.#routing = routing;
    this.#timeoutMs = timeoutMs;
    this.#budget = budget;
    this.#between = between;
  }

  /** Sends a copy at the next turn of the event loop. `body`: a reason where there is none. */
  copy(
    request: IncomingMessage,
    path: string,
    requestId: string,
    body: Buffer | "tooLarge" | "busy",
    pairing: Pairing,
  ): void {
    const counts = this.#routing.counts;
    const candidate = this.#routing.candidate;
    if (candidate === null) return;
    if (typeof body === "string") counts.mirrorDropped[body] += 1;
    else if (this.#underWay >= concurrencyLimit || !this.#budget.take(body.length))
      counts.mirrorDropped.busy += 1;
    else {
      pairing.stable = counts.mirrored.stable;
      const side = counts.mirrored.candidate;
      const headers = upstreamHeaders(request, requestId, body.length, this.#between);
      this.#underWay += 1;
      candidate.enter();
      const over = (outcome: Outcome) => {
        this.#underWay -= 1;
        this.#budget.give(body.length);
        candidate.leave();
        side.add(outcome);
      };
      setImmediate(() => {
        const startedAt = performance.now();
        const sent = { method: request.method ?? "GET", path, headers, body, timeoutMs: this.#timeoutMs };
        exchange(candidate, sent, {
          failed: () => over({ name: "failed" }),
          answered: (answer) => discard(answer, startedAt, over),
        });
      });
    }
  }
}

function discard(answer: IncomingMessage, startedAt: number, over: (outcome: Outcome) => void): void {
  answer.resume();
  answer.on("error", () => {});
  answer.on("close", () => {
    if (!answer.complete) over({ name: "failed" });
    else over(answered(answer, startedAt));
  });
}

/** What a complete answer counts as. */
export function answered(answer: IncomingMessage, startedAt: number): Outcome {
  return {
    name: "answered",
    status: answer.statusCode ?? 502,
    nan: Number(answer.headers["x-ml-nan-rows"] ?? 0) > 0,
    ms: performance.now() - startedAt,
  };
}
