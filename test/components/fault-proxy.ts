/** A proxy in front of a real registry that meets requests with the faults of the fake one. */
import { type IncomingMessage, type ServerResponse, request as send } from "node:http";
import { serve } from "@ml-actions/oci/testing/fake-registry";
import type { Fault, Forward } from "@ml-actions/oci/testing/faults";

export interface FaultProxy {
  /** `127.0.0.1:<port>`, to be used as the registry's. */
  host: string;
  /** Asked in order; the first that takes a request over ends the search. */
  faults: Fault[];
  /** Requests so far, `METHOD /path`. */
  lines(): string[];
  stop(): Promise<void>;
}

/** `upstream`: host and port of the registry. It sees the proxy's Host, so its locations lead back here. */
export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const faults: Fault[] = [];
  const server = await serve((request, response) => {
    const forward: Forward = (change) => pass(request, response, upstream, change ?? {});
    if (!faults.some((fault) => fault(request, response, forward))) forward();
  });
  return {
    host: `127.0.0.1:${server.port}`,
    faults,
    lines: () => server.seen.map(({ line }) => line),
    stop: () => server.close(),
  };
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  upstream: string,
  { cutAfterBytes, headers, body }: NonNullable<Parameters<Forward>[0]>,
): void {
  const [hostname, port] = upstream.split(":");
  const outgoing = send({
    hostname,
    port,
    method: request.method,
    path: request.url,
    headers: request.headers,
  });
  outgoing.on("error", () => request.socket.destroy());
  outgoing.on("response", (answer) => {
    const own = { ...answer.headers, ...headers };
    if (body === undefined) {
      response.writeHead(answer.statusCode ?? 502, own);
      answer.pipe(response);
      return;
    }
    answer.resume();
    response.writeHead(answer.statusCode ?? 502, { ...own, "content-length": body.byteLength }).end(body);
  });
  let passed = 0;
  request.on("data", (chunk: Buffer) => {
    outgoing.write(chunk);
    passed += chunk.byteLength;
    if (cutAfterBytes === undefined || passed < cutAfterBytes) return;
    // What was written reaches the registry before the break does.
    request.socket.destroy();
    outgoing.destroy();
  });
  request.on("end", () => outgoing.end());
}
