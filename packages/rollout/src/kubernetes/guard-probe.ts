/**
 * `POST /probe`: who answers at an address inside the cluster, for a runner outside of it. The runner comes through the
 * API server's proxy to this pod, but anybody in the cluster's network may: so only the hosts that the Job names are
 * asked, over plain HTTP, with GET, a bounded number of times, and nothing of the answers is given out but who answered.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { z } from "zod";
import { type Probe, unnamed } from "./probe.ts";

const maxBodyBytes = 10_000;
const maxCount = 2_000;
/** Probing is for one runner; more at once would be load. */
const maxAtOnce = 2;

const headerText = z
  .string()
  .max(200)
  .regex(/^[\x20-\x7e]*$/, "expected plain text");
const questionSchema = z.strictObject({
  url: z.string().max(2_000),
  host: headerText.optional(),
  path: z
    .string()
    .max(2_000)
    .regex(/^\/[\x21-\x7e]*$/, "expected a path"),
  headers: z.record(z.string().regex(/^[a-z0-9-]{1,100}$/i), headerText).optional(),
  method: z.enum(["GET", "HEAD"]).optional(),
  count: z.number().int().min(1).max(maxCount),
});

/** The server, not yet listening. `hosts`: `host` or `host:port`. */
export function probeServer(hosts: readonly string[], probe: Probe): Server {
  let running = 0;
  return createServer(async (request, response) => {
    const reply = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    try {
      if (request.method !== "POST" || request.url !== "/probe")
        return reply(404, { error: "only POST /probe" });
      if (running >= maxAtOnce) return reply(429, { error: "it is asking already" });
      running++;
      try {
        const { url, headers, host, method, ...rest } = questionSchema.parse(JSON.parse(await read(request)));
        const address = allowed(url, hosts);
        if (address === null) return reply(403, { error: "that host is not one that this guard may ask" });
        const asked = {
          ...rest,
          ...(headers && { headers }),
          ...(host && { host }),
          ...(method && { method }),
        };
        reply(200, { counts: Object.fromEntries(named(await probe.ask(address, asked))) });
      } finally {
        running--;
      }
    } catch (error) {
      const text =
        error instanceof z.ZodError ? z.prettifyError(error) : "the body is no JSON of at most 10,000 bytes";
      if (!response.headersSent) reply(400, { error: text });
    }
  });
}

/** Scheme, host and port alone; null for what is not allowed. */
function allowed(url: string, hosts: readonly string[]): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, hostname, host, username, password } = new URL(url);
  if (protocol !== "http:" || username !== "" || password !== "") return null;
  return hosts.includes(hostname) || hosts.includes(host) ? `http://${host}` : null;
}

/** A header of a stranger's server is not ours to hand on. */
function named(seen: Map<string, number>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [name, count] of seen) {
    const known = /^sha256:[0-9a-f]{64}$|^\[\w+\]$/.test(name) ? name : unnamed;
    counts.set(known, (counts.get(known) ?? 0) + count);
  }
  return counts;
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error("too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
