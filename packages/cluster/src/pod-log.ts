/** What a pod's container has written, line by line. */
import { ClusterError } from "./error.ts";
import { pathOf } from "./kinds.ts";
import type { Requests } from "./requests.ts";

export interface PodLogOf {
  namespace: string;
  name: string;
  container?: string;
  sinceMs?: number;
  timestamps?: boolean;
  previous?: boolean;
  limitBytes?: number;
}

/** A line without an end is handed on in pieces of this length. */
const maxLineChars = 1024 * 1024;

/** Yields lines without their ends. Opening is tried again with patience; a stream that breaks later rejects with
 * `ClusterError` code `unreachable`, since what was read cannot be unread. */
export async function* podLog(requests: Requests, pod: PodLogOf): AsyncGenerator<string> {
  const { namespace, name, container, sinceMs, timestamps = false, previous = false, limitBytes } = pod;
  const ref = { apiVersion: "v1", kind: "Pod", namespace, name };
  const query = new URLSearchParams();
  if (container !== undefined) query.set("container", container);
  // The API knows whole seconds, so the second's beginning: rather a line too many than one too few.
  if (sinceMs !== undefined)
    query.set("sinceTime", new Date(Math.floor(sinceMs / 1000) * 1000).toISOString());
  if (previous) query.set("previous", "true");
  if (timestamps) query.set("timestamps", "true");
  if (limitBytes !== undefined) query.set("limitBytes", String(limitBytes));
  const path = `${pathOf(ref, namespace, "log")}?${query}`;
  const { body } = await requests.stream({
    method: "GET",
    path,
    asked: { verb: "get", ref, subresource: "log" },
  });
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
      for (; rest.length > maxLineChars; rest = rest.slice(maxLineChars)) yield rest.slice(0, maxLineChars);
    }
  } catch (cause) {
    requests.signal?.throwIfAborted();
    throw new ClusterError(
      "unreachable",
      `the log of pod ${name} in namespace ${namespace} broke off: ${(cause as Error).message}`,
      {
        cause,
        remedy: "Run it again.",
      },
    );
  } finally {
    body.destroy();
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
