/** What an API server was asked by one user, from its own audit log. */
import { readFile, stat } from "node:fs/promises";

/** Only of the user, and when the answer was given. */
export const auditPolicy = (user: string): string =>
  JSON.stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [{ level: "Metadata", users: [user] }, { level: "None" }],
  });

export interface Asked {
  verb: string;
  /** `pods/proxy`. */
  resource: string;
  /** ms since 1970. */
  at: number;
}

/** All since that byte of the log. */
export async function askedSince(path: string, byte: number): Promise<Asked[]> {
  const text = (await readFile(path)).subarray(byte).toString("utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const { verb, objectRef, requestReceivedTimestamp } = JSON.parse(line) as AuditEvent;
      const { resource = "other", subresource } = objectRef ?? {};
      return {
        verb,
        resource: subresource === undefined ? resource : `${resource}/${subresource}`,
        at: Date.parse(requestReceivedTimestamp),
      };
    });
}

export const sizeOf = async (path: string): Promise<number> =>
  (await stat(path).catch(() => null))?.size ?? 0;

interface AuditEvent {
  verb: string;
  requestReceivedTimestamp: string;
  objectRef?: { resource?: string; subresource?: string };
}

/** The most within one second, whichever second it was. */
export function peakPerSecond(asked: readonly Asked[]): number {
  const times = asked.map(({ at }) => at).sort((left, right) => left - right);
  let [peak, from] = [0, 0];
  for (const [index, at] of times.entries()) {
    while (at - (times[from] as number) >= 1000) from += 1;
    peak = Math.max(peak, index - from + 1);
  }
  return peak;
}

export function countBy<T>(all: readonly T[], key: (one: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(key(one), (counts.get(key(one)) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => right - left);
}
