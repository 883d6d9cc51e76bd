/** Every way a request can end without an answer: its status code and its name in the metrics. */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { ServingError, type ServingErrorCode } from "../errors.ts";
import { BodyError } from "./body.ts";
import type { FailureReason, Metrics } from "./metrics.ts";

const failures: Partial<Record<ServingErrorCode, { status: number; reason: FailureReason }>> = {
  instances: { status: 400, reason: "invalid" },
  // The rows were as the contract allows, so it is the model that fails.
  inference: { status: 500, reason: "inference" },
  timeout: { status: 504, reason: "timeout" },
  crash: { status: 500, reason: "crash" },
  overloaded: { status: 503, reason: "rejected" },
  unavailable: { status: 503, reason: "unavailable" },
  stopped: { status: 503, reason: "unavailable" },
};

export interface ErrorBody {
  error: { code: string; message: string; problems?: string[]; remedy: string; request_id: string };
}

/** Answers with `{"error": {…}}`; a failure that has no name here is a bug, logged with its stack and told as such. */
export function answerFailure(
  error: FastifyError | ServingError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
  metrics: Metrics,
): FastifyReply {
  const { status, reason } = classify(error);
  if (request.url.startsWith("/predict")) metrics.failed(reason);
  if (reason === "internal") request.log.error({ err: error }, "the request failed for a reason of our own");
  else if (status >= 500) request.log.warn({ code: (error as ServingError).code }, error.message);
  // Fastify closes the connection of a body that it could not parse, and with it cuts off a client that still sends and
  // has not read the answer. The rest of the body is read and thrown away instead, see `readBody`.
  reply.removeHeader("connection");
  if (status === 503) reply.header("retry-after", "1");
  const body: ErrorBody = { error: { ...described(error, reason), request_id: request.id } };
  return reply
    .code(status)
    .header("content-type", "application/json; charset=utf-8")
    .send(JSON.stringify(body));
}

function classify(error: Error): { status: number; reason: FailureReason } {
  if (error instanceof BodyError) return { status: error.status, reason: "invalid" };
  if (error instanceof ServingError) return failures[error.code] ?? { status: 500, reason: "internal" };
  const { statusCode = 500 } = error as FastifyError;
  return statusCode < 500 ? { status: statusCode, reason: "invalid" } : { status: 500, reason: "internal" };
}

function described(error: Error, reason: FailureReason): Omit<ErrorBody["error"], "request_id"> {
  if (error instanceof ServingError) {
    const { code, message, remedy, problems } = error;
    return { code, message, ...(problems.length > 0 && { problems }), remedy };
  }
  if (reason === "internal") {
    return {
      code: "internal",
      message: "the server failed for a reason of its own",
      remedy: "Look for this request_id in the server's log.",
    };
  }
  return { code: "request", message: error.message, remedy: "Mend the request." };
}
