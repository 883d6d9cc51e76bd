/** A proxy on 127.0.0.1 that opens tunnels (RFC 9110, 9.3.6), resolves names of its own, and tells what passed. */
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface ForwardProxy {
  port: number;
  /** `host:port` of every tunnel asked for. */
  asked: string[];
  /** Bytes of all tunnels, both ways. */
  passedBytes(): number;
  stop(): Promise<void>;
}

export interface ForwardProxyOptions {
  /** `host:port` as it is asked for → the port on 127.0.0.1; anything else is refused with 403. */
  hosts: Record<string, number>;
  /** `user:password` that it wants. */
  credentials?: string;
  /** A proxy that is spoken to over TLS. */
  tls?: { cert: Buffer; key: Buffer };
}

export async function startForwardProxy({
  hosts,
  credentials,
  tls,
}: ForwardProxyOptions): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let bytes = 0;
  const noForward: RequestListener = (_request, response) => response.writeHead(405).end();
  const server = tls === undefined ? createServer(noForward) : createTlsServer(tls, noForward);
  const expected = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
  server.on("connect", ({ url = "", headers }: IncomingMessage, client: Socket) => {
    asked.push(url);
    const port = Object.hasOwn(hosts, url) ? hosts[url] : undefined;
    client.on("error", () => client.destroy());
    if (expected !== undefined && headers["proxy-authorization"] !== expected) {
      client.end("HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic\r\n\r\n");
    } else if (port === undefined) client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    else {
      const target = connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        client.pipe(target).pipe(client);
      });
      target.on("error", () => client.destroy()).on("close", () => client.destroy());
      client.on("close", () => target.destroy());
      for (const socket of [client, target]) {
        sockets.add(socket);
        socket.on("data", (chunk: Buffer) => {
          bytes += chunk.byteLength;
        });
      }
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    passedBytes: () => bytes,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
        server.closeAllConnections();
      }),
  };
}
