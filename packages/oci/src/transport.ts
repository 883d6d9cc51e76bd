/** One HTTP request on its way. node:http and not `fetch`, which reads a body that is sent faster than the network takes
 * it (600 MB of memory for one of 500 MB, Node 24.21), and which takes a proxy from nobody but the process's start. */
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { agentFor } from "./proxy.ts";

/** Bytes that are made anew at each call, because a redirect or a retry sends them again. */
export interface StreamedBody {
  bytes: number;
  stream: () => AsyncIterable<Uint8Array>;
}

export interface Sent {
  method: string;
  headers: Record<string, string>;
  body?: string | Uint8Array | StreamedBody | undefined;
}

/** What is read to its end though nobody wants it, so that the connection can be used again. */
const maxDrainedBytes = 64 * 1024;

/** Resolves when the headers of the answer are there; its body waits for its reader. `silenceMs`: so long nothing is taken
 * before the body's end, the connection is dead; `answerMs`: until the answer after it. Rejects with `BodyFailed` or
 * `WrongLength` for the stream's failures, `OciError` code `proxy` for a proxy that cannot be used, else with what broke
 * the connection. */
export async function transmit(
  url: URL,
  { method, headers, body }: Sent,
  { silenceMs, answerMs }: { silenceMs: number; answerMs: number },
): Promise<Response> {
  const start = url.protocol === "https:" ? tlsRequest : plainRequest;
  const streamed = typeof body === "object" && "stream" in body ? body : null;
  const length = streamed === null ? {} : { "content-length": String(streamed.bytes) };
  const request = start(url, { method, headers: { ...headers, ...length }, agent: agentFor(url) });
  let timer: NodeJS.Timeout | undefined;
  let heard = false;
  const closed = new Promise<void>((resolve) => {
    request.on("close", () => resolve());
  });
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  request.on("error", fail);
  request.on("close", () => {
    if (!heard) fail(new Error("the connection was closed without an answer"));
  });
  // The waiting below may be over when it breaks.
  failed.catch(() => {});
  const within = (ms: number, what: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const error = new Error(`${what} for ${ms} ms`);
      request.destroy(error);
      // A request that waits for its proxy has no connection yet whose end it could tell.
      fail(error);
    }, ms);
  };
  const answered = new Promise<Response>((resolve, reject) => {
    request.on("response", (message) => {
      heard = true;
      try {
        resolve(responseOf(message, method));
      } catch (error) {
        // A status or header that HTTP does not know.
        request.destroy();
        reject(error);
      }
    });
  });
  const answer = streamed === null ? answered : answered.then(whole);
  answer.catch(() => {});
  try {
    if (streamed === null) request.end(body);
    else {
      const early = await Promise.race([write(streamed), answer, failed]);
      if (early !== undefined) return early;
    }
    within(answerMs, "no answer");
    return await Promise.race([answer, failed]);
  } finally {
    clearTimeout(timer);
    // An answer that came before the body's end leaves a connection that cannot be used again.
    if (streamed !== null && !request.writableFinished) request.destroy();
  }

  async function write(body: StreamedBody): Promise<undefined> {
    let written = 0;
    for await (const chunk of named(body.stream())) {
      written += chunk.byteLength;
      if (written > body.bytes) break;
      if (request.destroyed) return undefined;
      within(silenceMs, "nothing was taken");
      // The next chunk may come in the same buffer, so this one must have left it.
      const left = new Promise<void>((resolve) => {
        request.write(chunk, () => resolve());
      });
      await Promise.race([left, closed]);
      clearTimeout(timer);
    }
    if (written !== body.bytes) throw new WrongLength(written, body.bytes);
    request.end();
    return undefined;
  }
}

/** The stream itself failed, not the connection: `cause` says how. */
export class BodyFailed extends Error {}

async function* named(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (cause) {
    throw new BodyFailed("the body's stream failed", { cause });
  }
}

/** The stream was not as long as was said: another content than the one described. */
export class WrongLength extends Error {
  constructor(actual: number, expected: number) {
    super(`${actual > expected ? "more than " : ""}${Math.min(actual, expected)} bytes of ${expected}`);
  }
}

/** Statuses whose Response has no body (Fetch standard, "null body status"). */
const nullBody = new Set([204, 205, 304]);

function responseOf(message: IncomingMessage, method: string): Response {
  const status = message.statusCode ?? 0;
  const headers = Object.entries(message.headersDistinct).flatMap(([name, values]) =>
    (values ?? []).map((value): [string, string] => [name, value]),
  );
  const empty = method === "HEAD" || nullBody.has(status) || message.headers["content-length"] === "0";
  if (empty) message.resume();
  return new Response(empty ? null : streamOf(message), { status, headers });
}

/** Reads only what is asked for. */
function streamOf(message: IncomingMessage): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Uint8Array> | null = null;
  return new ReadableStream(
    {
      async pull(controller) {
        chunks ??= message[Symbol.asyncIterator]();
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        const unread = chunks === null && Number(message.headers["content-length"]) <= maxDrainedBytes;
        if (unread) message.resume();
        else message.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The answer to a body is small, and whoever sent it need not read it: what is unread would keep the process alive. */
async function whole(response: Response): Promise<Response> {
  if (response.body === null) return response;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxDrainedBytes) break;
  }
  const { status, headers } = response;
  return new Response(Buffer.concat(chunks), { status, headers });
}
