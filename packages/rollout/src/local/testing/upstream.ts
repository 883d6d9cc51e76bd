/** An HTTP server of this process as a release behind the proxy, for tests. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Address, keepAliveAgent, type Upstream } from "../exchange.ts";

export interface TestUpstream extends Upstream {
  server: Server;
  inFlight: number;
  restarting: boolean;
  close(): void;
}

export async function testUpstream(
  digest: string,
  handler: RequestListener,
  timeoutMs = 2_000,
): Promise<TestUpstream> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const agent = keepAliveAgent(timeoutMs);
  const address: Address = { port: (server.address() as AddressInfo).port, agent };
  const upstream: TestUpstream = {
    digest,
    server,
    inFlight: 0,
    restarting: false,
    address: () => (upstream.restarting ? null : address),
    enter: () => {
      upstream.inFlight += 1;
    },
    leave: () => {
      upstream.inFlight -= 1;
    },
    close: () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
  return upstream;
}
