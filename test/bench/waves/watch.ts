/** Objects of one kind as they are and as they change. */
import { request } from "node:https";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, KubeObject } from "@ml-actions/cluster/types";

type Type = "ADDED" | "MODIFIED" | "DELETED";

/** Resolves when it was ended by the signal. What is there at the beginning, and after each break, comes as ADDED. */
export async function watch(
  connection: Connection,
  path: string,
  tell: (type: Type, object: KubeObject) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await once(connection, path, tell, signal);
    } catch (error) {
      if (!signal.aborted) console.error(`watch of ${path}: ${(error as Error).message}`);
    }
    await sleep(200);
  }
}

async function once(
  connection: Connection,
  path: string,
  tell: (type: Type, object: KubeObject) => void,
  signal: AbortSignal,
): Promise<void> {
  const { headers, ca } = await connection.credentials();
  // With no version the server begins with what is there.
  const url = `${connection.server}${path}?watch=true&timeoutSeconds=3600`;
  const answer = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    const call = request(url, { headers, signal, ...(ca !== undefined && { ca }) }, resolve);
    call.on("error", reject);
    call.end();
  });
  for await (const line of createInterface({ input: answer })) {
    const { type, object } = JSON.parse(line) as { type: Type | "ERROR" | "BOOKMARK"; object: KubeObject };
    if (type === "ERROR") throw new Error(JSON.stringify(object));
    if (type !== "BOOKMARK") tell(type, object);
  }
}
