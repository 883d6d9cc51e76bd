/** Asks an address from this process, with a connection of its own for every request. */
import { request } from "node:http";
import { type Probe, type ProbeRequest, unnamed } from "./probe.ts";

const atOnce = 20;
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
    await Promise.all(Array.from({ length: Math.min(atOnce, asked.count) }, worker));
    return seen;
  },
};

/** Who answered, or in brackets why nobody did. */
function answerTo(url: string, { host, path, method = "GET", headers = {} }: ProbeRequest): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(new URL(path, url), {
      method,
      agent: false,
      headers: { ...headers, ...(host !== undefined && { host }) },
      signal: AbortSignal.timeout(timeoutMs),
    });
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
