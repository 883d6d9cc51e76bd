/** Sending a body that is larger than memory. `fetch` takes a stream too, but reads it faster than the network does:
 * 600 MB of memory for a body of 500 MB (Node 24.21). node:http waits for the socket. */
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";

/** Bytes that are made anew at each call, because a redirect or a retry sends them again. */
export interface StreamedBody {
  bytes: number;
  stream: () => AsyncIterable<Uint8Array>;
}

/** What an answer to an upload may hold: an error document. */
const maxAnswerBytes = 64 * 1024;

/** One request with a streamed body. `silenceMs`: so long nothing is taken before the body's end, the connection is
 * dead; `answerMs`: until the answer after it. Rejects with `BodyFailed` or `WrongLength` for the stream's failures, else with what broke the connection. */
export async function sendStreamed(
  url: URL,
  { method, headers, body }: { method: string; headers: Record<string, string>; body: StreamedBody },
  { silenceMs, answerMs }: { silenceMs: number; answerMs: number },
): Promise<Response> {
  const send = url.protocol === "https:" ? tlsRequest : plainRequest;
  const request = send(url, { method, headers: { ...headers, "content-length": String(body.bytes) } });
  let timer: NodeJS.Timeout | undefined;
  const within = (ms: number, what: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => request.destroy(new Error(`${what} for ${ms} ms`)), ms);
  };
  let heard = false;
  const closed = new Promise<void>((resolve) => {
    request.on("close", () => resolve());
  });
  const failed = new Promise<never>((_, reject) => {
    request.on("error", reject);
    request.on("close", () => {
      if (!heard) reject(new Error("the connection was closed without an answer"));
    });
  });
  // The waiting below may be over when it breaks.
  failed.catch(() => {});
  const answered = new Promise<Response>((resolve, reject) => {
    request.on("response", (message) => {
      heard = true;
      collect(message).then((text) => {
        const status = message.statusCode ?? 0;
        const pairs = Object.entries(message.headersDistinct).flatMap(([name, values]) =>
          (values ?? []).map((value): [string, string] => [name, value]),
        );
        resolve(new Response(nullBody.has(status) ? null : text, { status, headers: pairs }));
      }, reject);
    });
  });
  answered.catch(() => {});
  try {
    const early = await Promise.race([write(), answered, failed]);
    if (early !== undefined) return early;
    within(answerMs, "no answer");
    return await Promise.race([answered, failed]);
  } finally {
    clearTimeout(timer);
    // An answer that came before the body's end leaves a connection that cannot be used again.
    if (!request.writableFinished) request.destroy();
  }

  async function write(): Promise<undefined> {
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

async function collect(message: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}
