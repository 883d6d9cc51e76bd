/** Asks from here where the address can be reached from here, else through the guard's pod. */
import type { Api } from "@ml-actions/cluster/types";
import { z } from "zod";
import { directProbe } from "./guard-ask.ts";
import { guardPort } from "./guard-manifest.ts";
import type { Probe, ProbeRequest } from "./probe.ts";
import { unseen } from "./refusals.ts";

const guardTimeoutMs = 30_000;
/** An address that nobody answers at from here is given up after this; a router needs milliseconds. */
const reachWithinMs = 2_000;

const countsSchema = z.object({ counts: z.record(z.string(), z.number().int().nonnegative()) });

/** Whether there was an answer at all: words in brackets that are no status. */
const isAnswer = (who: string) => !who.startsWith("[") || /^\[\d{3}\]$/.test(who);

/** Hosts that have answered here, by the way to the cluster: 200 places of one job behind one Gateway find it out once. */
const reachedBy = new WeakMap<object, Set<string>>();

export function reachingProbe(
  api: Pick<Api, "proxy">,
  guardPod: () => Promise<{ namespace: string; name: string } | null>,
): Probe {
  const reached = reachedBy.get(api) ?? new Set<string>();
  reachedBy.set(api, reached);
  return {
    async ask(url, request) {
      const { host } = new URL(url);
      if (reached.has(host) || (await answersHere(url, request))) {
        reached.add(host);
        return directProbe.ask(url, request);
      }
      const pod = await guardPod();
      if (pod === null) {
        throw unseen(`Nothing answers at ${url} from here, so nobody can see who gets the traffic.`);
      }
      return askInside(api, pod, url, request);
    },
  };
}

async function answersHere(url: string, request: ProbeRequest): Promise<boolean> {
  const asked = directProbe
    .ask(url, { ...request, count: 1 })
    .then((seen) => [...seen.keys()].every(isAnswer));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, reachWithinMs, false);
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

async function askInside(
  api: Pick<Api, "proxy">,
  pod: { namespace: string; name: string },
  url: string,
  request: ProbeRequest,
): Promise<Map<string, number>> {
  const { status, text } = await api.proxy({
    kind: "pods",
    ...pod,
    port: guardPort,
    path: "/probe",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ url, ...request }),
    timeoutMs: guardTimeoutMs,
  });
  if (status !== 200) throw unseen(`The guard could not ask at ${url} (${status}): ${text.slice(0, 200)}`);
  try {
    return new Map(Object.entries(countsSchema.parse(JSON.parse(text)).counts));
  } catch (cause) {
    throw unseen(`The guard's answer about ${url} cannot be read: ${text.slice(0, 200)}`, cause);
  }
}
