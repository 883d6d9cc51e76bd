/** The admin API: HTTP with JSON bodies on a unix socket that only this user can reach. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import { RolloutError } from "../error.ts";
import type { PlaceLedger } from "./ledger.ts";
import type { Place } from "./place.ts";
import type { Routing } from "./routing.ts";
import {
  holdSchema,
  journalEntrySchema,
  protocolVersion,
  releaseSchema,
  type Session,
  type Status,
  sessionSchema,
  splitSchema,
} from "./schemas.ts";

/** A release with the longest paths, or a journal entry with two of them, is far below. */
const bodyLimitBytes = 1024 * 1024;

export interface AdminPorts {
  place: Place;
  ledger: PlaceLedger;
  routing: Routing;
  identity: Pick<Status, "resource" | "host" | "port" | "probeToken">;
  shutDown: () => void;
}

type Handler = (body: unknown, session: Session | null) => Promise<unknown>;

/** The server, not yet listening. It may listen before the place is in order: calls wait for `ports`. */
export function createAdmin(ports: Promise<AdminPorts>): Server {
  const handlers = ports.then(handlersOf);
  return createServer((request, response) => {
    handlers.then((ready) => answer(request, response, ready)).catch(() => response.destroy());
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: Record<string, Handler>,
): Promise<void> {
  try {
    const handler = Object.hasOwn(handlers, request.url ?? "") ? handlers[request.url ?? ""] : undefined;
    if (handler === undefined) {
      const remedy = "Use an adapter of the same version as the supervisor.";
      throw new RolloutError("invalid", `The admin API has no ${request.url}.`, remedy);
    }
    const { session, body } = requestSchema.parse(JSON.parse((await read(request)) || "{}"));
    reply(response, 200, (await handler(body, session ?? null)) ?? null);
  } catch (error) {
    const { name, message } = error as Error;
    if (error instanceof RolloutError) {
      reply(response, 409, { code: error.code, message, remedy: error.remedy });
    } else if (error instanceof z.ZodError || error instanceof SyntaxError) {
      const text = error instanceof z.ZodError ? z.prettifyError(error) : message;
      const remedy = "Correct what is named; see the types of the rollout package.";
      reply(response, 409, { code: "invalid", message: `The request is not valid: ${text}`, remedy });
    } else reply(response, 500, { message: `${name}: ${message}` });
  }
}

const requestSchema = z.object({
  session: sessionSchema.nullable().optional(),
  body: z.unknown().optional(),
});
const prepareSchema = z.strictObject({
  release: releaseSchema,
  readyTimeoutMs: z.number().int().min(1).max(3_600_000),
});

function handlersOf({ place, ledger, routing, identity, shutDown }: AdminPorts): Record<string, Handler> {
  const rolloutOf = (session: Session | null) => session?.rollout ?? "none";
  return {
    "/status": async (): Promise<Status> => ({
      protocol: protocolVersion,
      pid: process.pid,
      ...identity,
      stable: place.stable?.release ?? null,
      candidate: place.candidate?.release ?? null,
      candidatePercent: routing.candidatePercent,
      mirrorPercent: routing.mirrorPercent,
      ready: {
        stable: (await place.stable?.answersReady()) ?? false,
        candidate: (await place.candidate?.answersReady()) ?? false,
      },
      crashes: { stable: place.stable?.crashes ?? 0, candidate: place.candidate?.crashes ?? 0 },
    }),
    "/counts": async () => routing.counts.readReport([routing.stable, routing.candidate]),
    "/prepare": async (body, session) => {
      const { release, readyTimeoutMs } = prepareSchema.parse(body);
      ledger.authorise(session, false);
      await place.prepare(release, rolloutOf(session), readyTimeoutMs);
    },
    "/split": async (body, session) => {
      const { percent } = splitSchema.parse(body);
      ledger.authorise(session, percent > 0);
      await place.split(percent);
    },
    "/mirror": async (body, session) => {
      const { percent } = splitSchema.parse(body);
      ledger.authorise(session, percent > 0);
      await place.mirror(percent);
    },
    "/promote": async (_, session) => {
      ledger.authorise(session, true);
      const digest = place.candidate?.digest ?? "";
      await place.promote(rolloutOf(session), ledger.promotionVerdict(rolloutOf(session), digest));
    },
    "/restore": async (_, session) => {
      ledger.authorise(session, false);
      await place.restore(true);
    },
    "/ledger/hold": async (body) => ledger.hold(holdSchema.parse(body)),
    "/ledger/release": async (body) => ledger.release(z.string().parse(body)),
    "/ledger/write": async (body) => ledger.write(journalEntrySchema.parse(body)),
    "/ledger/journal": async () => ledger.journal(),
    "/ledger/lease": async () => ledger.lease(),
    "/ledger/history": async () => ledger.history(),
    "/shut-down": async () => shutDown(),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) {
      throw new RolloutError(
        "invalid",
        `The request has more than ${bodyLimitBytes} bytes.`,
        "Shorten its reasons and paths.",
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
