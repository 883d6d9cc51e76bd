/** Asks an address from this process, with a connection of its own for every request. */
import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { type Probe, type ProbeRequest, unnamed } from "./probe.ts";

const atOnce = 20;
/** Of all who ask from this process: 20 rollouts that prove their shares in the same second are no load test. Each has
 * some of its own, so that an address that hangs keeps no other from being asked. */
const allAtOnce = 60;
const leastAtOnce = 4;
let asking = 0;
const timeoutMs = 5_000;
/** A proxy's own answers that nobody stood behind. */
const nobodysAnswers = new Set([502, 503, 504]);

export const directProbe: Probe = {
  async ask(url, asked) {
    const seen = new Map<string, number>();
    let left = asked.count;
    const worker = async () => {
      while (left-- > 0) {
        const name = await answerTo(url, asked);
        seen.set(name, (seen.get(name) ?? 0) + 1);
      }
    };
    asking += 1;
    const share = Math.max(leastAtOnce, Math.floor(allAtOnce / asking));
    const workers = Math.min(atOnce, share, asked.count);
    await Promise.all(Array.from({ length: workers }, worker)).finally(() => {
      asking -= 1;
    });
    return seen;
  },
};

/** Who answered, or in brackets why nobody did. */
function answerTo(url: string, { host, path, method = "GET", headers = {} }: ProbeRequest): Promise<string> {
  return new Promise((resolve) => {
    const to = new URL(path, url);
    const options = {
      method,
      agent: false as const,
      headers: { ...headers, ...(host !== undefined && { host }) },
      signal: AbortSignal.timeout(timeoutMs),
    };
    // Nothing secret is sent, and nothing believed but who answers: a certificate for another name is no hindrance.
    const secure = { ...options, servername: host ?? to.hostname, rejectUnauthorized: false };
    const sent = to.protocol === "https:" ? secureRequest(to, secure) : plainRequest(to, options);
    sent.on("response", (response) => {
      const { "x-ml-release": release } = response.headers;
      const status = response.statusCode ?? 0;
      response.resume();
      if (typeof release === "string" && release !== "") resolve(release);
      else resolve(nobodysAnswers.has(status) ? `[${status}]` : unnamed);
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(`[${error.code ?? error.name}]`));
    sent.end();
  });
}
