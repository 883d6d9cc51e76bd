/** Speaks to a supervisor's admin API, and turns its refusals back into the errors they were. */
import { request } from "node:http";
import { RolloutError, rolloutErrorCodes } from "../error.ts";
import type { Session } from "./schemas.ts";

/** Every call but `prepare` is answered at once; restore waits some seconds for a stable that is down. */
const defaultTimeoutMs = 30_000;

export class AdminClient {
  readonly #socket: string;
  readonly #stateDirectory: string;

  constructor(socket: string, stateDirectory: string) {
    this.#socket = socket;
    this.#stateDirectory = stateDirectory;
  }

  /** The answer's JSON, not yet checked. Rejects with the supervisor's own `RolloutError`, or with `unreachable`. */
  async call(
    path: string,
    body: unknown = null,
    session: Session | null = null,
    timeoutMs?: number,
  ): Promise<unknown> {
    const text = JSON.stringify({ session, body });
    const { status, answer } = await this.#post(path, text, timeoutMs ?? defaultTimeoutMs);
    if (status === 200) return answer;
    const { code, message, remedy } = (answer ?? {}) as { code?: string; message?: string; remedy?: string };
    const known = rolloutErrorCodes.find((name) => name === code);
    if (known !== undefined) throw new RolloutError(known, message ?? "", remedy ?? "");
    throw new Error(`The supervisor failed at ${path}: ${message ?? `status ${status}`}`);
  }

  async #post(path: string, text: string, timeoutMs: number): Promise<{ status: number; answer: unknown }> {
    try {
      return await new Promise((resolve, reject) => {
        const signal = AbortSignal.timeout(timeoutMs);
        const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
        const options = { socketPath: this.#socket, path, method: "POST", headers, agent: false, signal };
        const outgoing = request(options, async (incoming) => {
          try {
            const chunks: Buffer[] = [];
            for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
            const answer: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
            resolve({ status: incoming.statusCode ?? 0, answer });
          } catch (error) {
            reject(error);
          }
        });
        outgoing.on("error", reject);
        outgoing.end(text);
      });
    } catch (cause) {
      const hung = (cause as Error).name === "AbortError" || (cause as Error).name === "TimeoutError";
      const why = hung ? `it did not answer within ${timeoutMs / 1000} s` : (cause as Error).message;
      throw new RolloutError(
        "unreachable",
        `The supervisor of ${this.#stateDirectory} cannot be reached: ${why}.`,
        `Open the target again, which starts it with stable at 100 %; its log says what happened.`,
        { cause },
      );
    }
  }
}
