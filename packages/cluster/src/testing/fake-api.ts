/** What answers like an API server, on TLS with a certificate of its own CA, and misbehaves as it is told. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Connection } from "../types.ts";

export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export type Answer = (request: Seen, response: ServerResponse, socket: IncomingMessage["socket"]) => void;

export interface FakeApi {
  url: string;
  ca: string;
  seen: Seen[];
  /** Each takes one request; when none is left, `otherwise` does. */
  next: Answer[];
  otherwise: Answer;
  /** What `/readyz` says; such requests are not in `seen`. */
  ready: boolean;
  /** With a token that it does not check. */
  connection: Connection;
  close(): Promise<void>;
}

/** `openssl` makes the certificate, valid for 127.0.0.1 alone. */
export async function startFakeApi(): Promise<FakeApi> {
  const { cert, key } = await certificate();
  const seen: Seen[] = [];
  const next: Answer[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => {});
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      if (url === "/readyz") {
        response.writeHead(fake.ready ? 200 : 500).end();
        return;
      }
      const one = { method, path: url, headers, body: Buffer.concat(chunks).toString("utf8") };
      seen.push(one);
      (next.shift() ?? fake.otherwise)(one, response, request.socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fake: FakeApi = {
    url,
    ca: cert,
    seen,
    next,
    otherwise: json(200, {}),
    ready: true,
    connection: {
      server: url,
      namespace: "ml",
      name: "fake",
      credentials: async () => ({ headers: { authorization: "Bearer t0ken" }, ca: cert }),
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}

async function certificate(): Promise<{ cert: string; key: string }> {
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-certificate-"));
  const [keyFile, certFile] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  try {
    await promisify(execFile)("openssl", [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=fake".split(
        " ",
      ),
      ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keyFile, "-out", certFile],
    ]);
    const [key, cert] = await Promise.all([readFile(keyFile, "utf8"), readFile(certFile, "utf8")]);
    return { cert, key };
  } finally {
    await rm(directory, { recursive: true });
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
}

/** As the API server refuses. */
export function refused(
  code: number,
  reason: string,
  message: string,
  details: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Answer {
  return json(
    code,
    { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details },
    headers,
  );
}

export const reset: Answer = (_, _response, socket) => socket.destroy();

/** Never answers. */
export const hang: Answer = () => {};

export const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "ml", resourceVersion: "1", uid: "u" },
  data,
});
