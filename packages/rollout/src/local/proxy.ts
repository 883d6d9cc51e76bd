/**
 * The public side: takes callers' requests, asks the release whose turn it is, streams the answer back and counts how
 * it ended. Node's own http module: the known proxy library (http-proxy) is unmaintained and cannot mirror.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { gather, overhear } from "./body.ts";
import { Budget } from "./budget.ts";
import type { Outcome } from "./counts.ts";
import { exchange, type Failure, type Upstream, upstreamTimeoutMs } from "./exchange.ts";
import { downstreamHeaders, requestIdOf, upstreamHeaders } from "./headers.ts";
import { answered, Mirror, type Pairing } from "./mirror.ts";
import type { Routing, SideName } from "./routing.ts";

/** A caller who leaves after waiting this long for an answer gave up on the release: that counts as a timeout. One
 * who leaves earlier, or before the request was complete, counts nowhere. */
export const patienceMs = 1_000;

/** Asked by load balancers and scrapers: stable speaks for the place, and these are no traffic to judge by. */
const operational = /^\/(health|ready|metrics|v2\/health\/(live|ready))\/?(\?|$)/;

export interface ProxyOptions {
  routing: Routing;
  /** Marks a probe of the split, which is answered by the release whose turn it is and counted nowhere. null: there are
   * none. */
  probeToken: string | null;
  timeoutMs?: number;
  /** Of a copy's answer; as `timeoutMs` unless told otherwise. */
  copyTimeoutMs?: number;
  /** Between callers' own proxies and a release, in nobody's name: headers that tell of either pass as they are, and
   * who may take how long over a request is for the release to say. Left out: callers come in here. */
  between?: true;
  /** Asked at every answer: whether its connection shall end with it. */
  closing?: () => boolean;
  budget?: Budget;
}

/** A request on its way, from its headers to its outcome. */
interface Passage {
  request: IncomingMessage;
  response: ServerResponse;
  requestId: string;
  path: string;
  between: boolean;
  closing: () => boolean;
}

/** Of the side where callers come in, who may be slow on purpose. */
const atTheEdge = { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 65_000 };
/** Longer than others keep idle connections, so that none is closed as they reach for it. */
const inBetween = { headersTimeout: 60_000, requestTimeout: 0, keepAliveTimeout: 3_600_000 };

/** The server, not yet listening. */
export function createProxy(options: ProxyOptions): Server {
  const { routing, between = false, closing = () => false, budget = new Budget() } = options;
  const timeoutMs = options.timeoutMs ?? upstreamTimeoutMs;
  const mirror = new Mirror(routing, options.copyTimeoutMs ?? timeoutMs, budget, between);
  const server = createServer(
    { ...(between ? inBetween : atTheEdge), connectionsCheckingInterval: 2_000 },
    (request, response) => {
      const passage = {
        request,
        response,
        requestId: requestIdOf(request),
        path: pathOf(request.url ?? "/"),
        between,
        closing,
      };
      request.on("error", () => {});
      response.on("error", () => {});
      if (options.probeToken !== null && request.headers["x-ml-probe"] === options.probeToken) {
        const probe = { ...passage, path: "/ready" };
        pass(probe, routing.upstream(routing.nextProbe()), null, Buffer.alloc(0), timeoutMs);
      } else if (operational.test(passage.path)) {
        pass(passage, routing.upstream("stable"), null, null, timeoutMs);
      } else {
        gather(request, response, budget, (body) => {
          route(passage, { routing, mirror, budget, timeoutMs }, body);
        });
      }
    },
  );
  return server;
}

/** A target in absolute form names the origin too, which is ours whatever it says. */
function pathOf(url: string): string {
  if (url.startsWith("/") || !URL.canParse(url)) return url;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

interface Way {
  routing: Routing;
  mirror: Mirror;
  budget: Budget;
  timeoutMs: number;
}

/** The switch: from the choice of a side to `enter` there is no wait, so a process that is left has no request in. */
function route(passage: Passage, { routing, mirror, budget, timeoutMs }: Way, body: Buffer | null): void {
  const name: SideName = routing.next();
  const side = name === "candidate" ? routing.counts.forCandidate() : routing.counts.stable;
  const pairing: Pairing = { stable: null };
  const mirrored = name === "stable" && routing.nextMirrored();
  const counted = (outcome: Outcome) => {
    side.add(outcome);
    pairing.stable?.add(outcome);
  };
  const { request, path, requestId } = passage;
  const sent = pass(passage, routing.upstream(name), counted, body, timeoutMs);
  if (!mirrored || !sent) return;
  if (body !== null) mirror.copy(request, path, requestId, body, pairing);
  else overhear(request, budget, (copy) => mirror.copy(request, path, requestId, copy, pairing));
}

/** Asks one release and answers the caller; `counted` is called once with how it ended. False: nobody was asked. */
function pass(
  passage: Passage,
  upstream: Upstream | null,
  counted: ((outcome: Outcome) => void) | null,
  body: Buffer | null,
  timeoutMs: number,
): boolean {
  const { request, response, requestId } = passage;
  if (upstream === null) {
    refuse(passage, 503, "no release is deployed here yet", null);
    return false;
  }
  const startedAt = performance.now();
  upstream.enter();
  let over = false;
  const end = (outcome: Outcome) => {
    if (over) return;
    over = true;
    upstream.leave();
    counted?.(outcome);
  };
  let giveUp = () => {};
  response.on("close", () => {
    const waited = performance.now() - startedAt >= patienceMs && request.complete && !response.headersSent;
    end(waited ? { name: "failed" } : { name: "left" });
    if (!response.writableFinished) giveUp();
  });
  try {
    const headers = upstreamHeaders(request, requestId, body === null ? null : body.length, passage.between);
    const sent = {
      method: request.method ?? "GET",
      path: passage.path,
      headers,
      body: body ?? request,
      timeoutMs,
    };
    giveUp = exchange(upstream, sent, {
      answered: (answer) => {
        stream(answer, passage, upstream.digest, () => end(answered(answer, startedAt)), end);
      },
      failed: (failure) => {
        const callersFault = failure === "timeout" && body === null && !request.complete;
        end({ name: callersFault ? "left" : "failed" });
        if (callersFault) refuse(passage, 408, "the request's body did not arrive in time", upstream.digest);
        else refuse(passage, statusOf(failure), messageOf(failure, timeoutMs), upstream.digest);
      },
    });
    return true;
  } catch {
    end({ name: "left" });
    refuse(passage, 400, "the path or a header holds characters that cannot be passed on", null);
    return false;
  }
}

function stream(
  answer: IncomingMessage,
  passage: Passage,
  digest: string,
  complete: () => void,
  end: (outcome: Outcome) => void,
): void {
  const { response, requestId, between } = passage;
  answer.on("error", () => {});
  answer.on("end", complete);
  answer.on("close", () => {
    if (answer.complete) return;
    // Cut short by the release, or by our time limit because the caller stopped reading.
    end({ name: response.writableNeedDrain ? "left" : "failed" });
    response.destroy();
  });
  try {
    const headers = downstreamHeaders(answer, requestId, between ? null : digest);
    if (passage.closing()) response.shouldKeepAlive = false;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", headers);
    answer.pipe(response);
  } catch {
    end({ name: "failed" });
    answer.destroy();
    refuse(passage, 502, "the release's answer cannot be passed on", digest);
  }
}

function statusOf(failure: Failure): number {
  if (failure === "timeout") return 504;
  return failure === "restarting" ? 503 : 502;
}

function messageOf(failure: Failure, timeoutMs: number): string {
  switch (failure) {
    case "restarting":
      return "the release is not running: it is starting or restarting";
    case "refused":
      return "the release took no connection";
    case "reset":
      return "the release closed the connection before it answered";
    case "timeout":
      return `the release did not answer within ${timeoutMs / 1000} s`;
  }
}

const codes: Record<number, string> = {
  400: "request",
  408: "request-timeout",
  502: "release-failed",
  503: "no-release",
  504: "release-timeout",
};

/** The proxy's own answer, shaped like the server's errors. `digest` null: no release was asked. */
function refuse(passage: Passage, status: number, message: string, digest: string | null): void {
  const { response, requestId, request } = passage;
  if (response.headersSent || response.destroyed) return;
  const remedy =
    status < 500 ? "Correct the request." : "Try again; if it persists, look at the release's log.";
  const text = JSON.stringify({ error: { code: codes[status], message, remedy, request_id: requestId } });
  const headers = ["content-type", "application/json", "content-length", String(Buffer.byteLength(text))];
  headers.push("x-request-id", requestId);
  if (digest !== null && !passage.between) headers.push("x-ml-release", digest);
  if (status === 503) headers.push("retry-after", "1");
  // What is left of a body would be read as the next request.
  if (!request.complete || passage.closing()) headers.push("connection", "close");
  response.writeHead(status, headers);
  response.end(text);
}
