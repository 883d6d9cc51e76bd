/** A receiver of alerts on 127.0.0.1, for tests: it keeps what it got and answers as it is told. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Got {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
  atMs: number;
}

/** Writes the answer to the nth request, counted from 0. */
export type Answers = (response: ServerResponse, nth: number) => void;

export interface Receiver {
  url: string;
  got: Got[];
  close(): Promise<void>;
}

export const status =
  (...codes: number[]): Answers =>
  (response, nth) => {
    response.writeHead(codes[Math.min(nth, codes.length - 1)] as number).end("ok");
  };

export async function startReceiver(answers: Answers = status(200)): Promise<Receiver> {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    request.on("end", () => {
      const body = JSON.parse(text) as unknown;
      got.push({ path: request.url ?? "", headers: request.headers, body, atMs: performance.now() });
      answers(response, got.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got, close };
}
