/** The HTTP side: routes, request ids, limits, error bodies. It never runs inference on its own thread. */
import { randomUUID } from "node:crypto";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  LogController,
} from "fastify";
import { ServingError } from "../errors.ts";
import { parseJson, readBody } from "./body.ts";
import { answerFailure } from "./failures.ts";
import type { Metrics } from "./metrics.ts";
import type { PredictionService } from "./service.ts";
import type { Settings } from "./settings.ts";

/** What the routes share with the process around them. */
export interface ServerState {
  /** null until the model has been loaded and has answered its probe. */
  service: PredictionService | null;
  draining: boolean;
  /** Requests to /predict that have no answer yet. */
  inFlight: number;
}

/** A request id that may go into logs and headers as it is. */
const plainId = /^[\x21-\x7e]{1,200}$/;
/** A whole request must arrive in this time: a client that sends a byte now and then holds a connection no longer. */
const requestTimeoutMs = 60_000;
/** Longer than the idle time of usual proxies, so that it is they who close and no request meets a closing socket. */
const keepAliveTimeoutMs = 75_000;
/** The age of the last answer from which /health asks the model again. */
const freshMs = 10_000;

export function createApp(
  settings: Settings,
  state: ServerState,
  metrics: Metrics,
  logger: FastifyBaseLogger,
): FastifyInstance {
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    requestIdHeader: false,
    genReqId: (request) => {
      const given = request.headers["x-request-id"];
      return typeof given === "string" && plainId.test(given) ? given : randomUUID();
    },
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Requests that arrive while the server drains are answered; the response closes the connection.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    routerOptions: { ignoreTrailingSlash: true },
  });
  readAnyBody(app, settings.MAX_BODY_BYTES, () => state.service?.exactIntegers ?? false);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    if (settings.ML_RELEASE !== undefined) reply.header("x-ml-release", settings.ML_RELEASE);
  });
  // Not on arrival: what was in flight when the drain began must close its connection too.
  app.addHook("onSend", async (_request, reply) => {
    if (state.draining) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    if (!request.url.startsWith("/predict")) return;
    metrics.answered(reply.statusCode, reply.elapsedTime);
    request.log.info(
      { status: reply.statusCode, ms: Math.round(reply.elapsedTime * 1000) / 1000 },
      "predict",
    );
  });
  app.setErrorHandler((error: Error, request, reply) => answerFailure(error, request, reply, metrics));
  app.setNotFoundHandler((request, reply) => {
    const allowed = routes[request.url.split("?")[0]?.replace(/(.)\/$/, "$1") ?? ""];
    if (allowed !== undefined) reply.header("allow", allowed);
    const message =
      allowed === undefined ? "there is nothing at this address" : `this address takes ${allowed} alone`;
    const remedy = `This server has ${Object.entries(routes)
      .map(([path, method]) => `${method} ${path}`)
      .join(", ")}.`;
    reply.code(allowed === undefined ? 404 : 405).send({
      error: { code: "request", message, remedy, request_id: request.id },
    });
  });
  predictRoute(app, settings, state);
  observerRoutes(app, state, metrics);
  return app;
}

const routes: Record<string, string> = {
  "/predict": "POST",
  "/health": "GET",
  "/ready": "GET",
  "/metrics": "GET",
  "/": "GET",
};

/** Whatever the Content-Type says, or when there is none, the body is read as JSON: see `body.ts`. */
function readAnyBody(app: FastifyInstance, maxBytes: number, exactIntegers: () => boolean): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", async (_request: unknown, payload: import("node:http").IncomingMessage) =>
    parseJson(await readBody(payload, maxBytes), exactIntegers()),
  );
}

function predictRoute(app: FastifyInstance, settings: Settings, state: ServerState): void {
  app.post(
    "/predict",
    {
      // Before the body is read: what is refused must cost little.
      onRequest: async (_request, reply) => {
        if (state.service === null) throw loadingError();
        if (state.inFlight >= settings.MAX_CONCURRENCY) throw crowdedError(settings.MAX_CONCURRENCY);
        state.inFlight++;
        reply.raw.once("close", () => {
          state.inFlight--;
        });
      },
    },
    async (request, reply) => {
      const began = performance.now() - reply.elapsedTime;
      const { json, nanRows } = await (state.service as PredictionService).answer(
        request.body,
        request.id,
        began,
      );
      if (nanRows > 0) reply.header("x-ml-nan-rows", String(nanRows));
      return reply.header("content-type", "application/json; charset=utf-8").send(json);
    },
  );
}

function observerRoutes(app: FastifyInstance, state: ServerState, metrics: Metrics): void {
  app.get("/", async () => ({
    what: "an ML model behind HTTP, served by ml-actions",
    model: state.service?.model ?? null,
    features: state.service?.contract.features ?? [],
    routes: Object.entries(routes).map(([path, method]) => `${method} ${path}`),
  }));
  app.get("/metrics", async (_request, reply) => {
    reply.header("content-type", metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  app.get("/ready", async (_request, reply) => {
    const reason = unreadiness(state);
    return reply
      .code(reason === null ? 200 : 503)
      .send(reason === null ? { ready: true } : { ready: false, reason });
  });
  app.get("/health", async (_request, reply) => health(state, reply));
}

function unreadiness({ service, draining }: ServerState): string | null {
  if (draining) return "the server drains";
  if (service === null) return "the model is being loaded";
  return service.pool.health().alive > 0 ? null : "no inference process answers";
}

/** Proof, not hope: the model has been loaded and has answered lately, if need be its probe, now. */
async function health({ service }: ServerState, reply: FastifyReply): Promise<FastifyReply> {
  if (service === null) return reply.code(503).send({ healthy: false, reason: "the model is being loaded" });
  const { pool, model } = service;
  const { alive, processes, restarts, lastAnswerAt, refusal } = pool.health();
  const report = { model, processes, alive, restarts };
  if (alive === 0) {
    const reason = refusal ?? "the inference processes are being replaced";
    return reply.code(503).send({ healthy: false, reason, ...report });
  }
  try {
    if (Date.now() - lastAnswerAt > freshMs) await pool.probe();
  } catch (error) {
    // A full queue of requests that are being answered is no reason to be restarted.
    if (!(error instanceof ServingError && error.code === "overloaded")) {
      return reply.code(503).send({ healthy: false, reason: (error as Error).message, ...report });
    }
  }
  return reply.send({
    healthy: true,
    last_answer: new Date(pool.health().lastAnswerAt).toISOString(),
    ...report,
  });
}

const loadingError = () =>
  new ServingError("unavailable", "the model is being loaded", { remedy: "Wait until /ready answers 200." });

const crowdedError = (most: number) =>
  new ServingError("overloaded", `${most} requests are being answered already (MAX_CONCURRENCY)`, {
    remedy: "Try again in a second.",
  });
