/** One request to one release over HTTP, as a caller would send it. */
import { type Agent, request } from "node:http";
import type { HttpAnswer } from "./contract-test.ts";

/** Longer than a server's own limit for an inference. */
export const answerTimeoutMs = 30_000;

export interface Asked extends HttpAnswer {
  /** From sending the request to the last byte of its answer. */
  ms: number;
  /** Rows of the answer that hold a NaN or an infinity. */
  nanRows: number;
}

/** Never rejects: no connection, a connection that breaks and no answer in time are status null. */
export function ask(port: number | null, agent: Agent, id: string, body: Buffer): Promise<Asked> {
  const sentAt = performance.now();
  const nothing = () => ({ status: null, json: undefined, ms: performance.now() - sentAt, nanRows: 0 });
  if (port === null) return Promise.resolve(nothing());
  return new Promise((resolve) => {
    const failed = () => resolve(nothing());
    const headers = {
      "content-type": "application/json",
      "content-length": body.length,
      "x-request-id": id,
    };
    const call = request(
      { host: "127.0.0.1", port, path: "/predict", method: "POST", agent, headers, timeout: answerTimeoutMs },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", failed);
        response.on("end", () => {
          const ms = performance.now() - sentAt;
          const nanRows = Number(response.headers["x-ml-nan-rows"] ?? 0);
          resolve({ status: response.statusCode ?? null, json: jsonOf(Buffer.concat(chunks)), ms, nanRows });
        });
      },
    );
    call.on("timeout", () => call.destroy(new Error("no answer in time")));
    call.on("error", failed);
    call.end(body);
  });
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
