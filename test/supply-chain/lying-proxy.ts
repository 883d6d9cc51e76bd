/** A registry that gives other bytes than it was asked for: a real one, with one letter changed on the way. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface LyingProxy {
  host: string;
  /** From now on, about these paths and no others. */
  lieAbout(path: RegExp): void;
  stop(): Promise<void>;
}

export async function startLyingProxy(host: string): Promise<LyingProxy> {
  let lies: RegExp | null = null;
  const [hostname, port] = host.split(":");
  const server = createServer((incoming, outgoing) => {
    const { method, url = "/", headers } = incoming;
    const onward = request({ hostname, port, method, path: url, headers: { ...headers, host } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const body = Buffer.concat(chunks);
        if (method === "GET" && lies?.test(url) && body.length > 0) {
          // Of the same length, so that only the digest can tell.
          const at = Math.floor(body.length / 2);
          body[at] = (body[at] as number) ^ 1;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(body);
      });
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    lieAbout: (path) => {
      lies = path;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
