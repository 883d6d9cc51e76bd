/** What a release answered, from its pods' logs: the server writes its prediction log to its standard output there. */
import type { Api } from "@ml-actions/cluster/types";
import { parsePrediction } from "../local/predictions.ts";
import type { Prediction } from "../targets/open-target.ts";
import type { PodRef } from "./platform.ts";

/** Yields oldest first over all pods. Of a pod that writes much, the cluster keeps the last part alone (10 MB unless its
 * kubelets are told otherwise).
 * @param fromMs answers before this moment (ms since 1970) may be among them */
export async function* podPredictions(
  api: Pick<Api, "podLog">,
  pods: readonly PodRef[],
  fromMs?: number,
): AsyncGenerator<Prediction> {
  const logs = pods.map((pod) => ofPod(api, pod, fromMs));
  const heads = await Promise.all(logs.map((log) => log.next()));
  try {
    for (;;) {
      const next = earliest(heads);
      if (next === null) return;
      yield next.prediction;
      heads[next.index] = (await logs[next.index]?.next()) as IteratorResult<Prediction>;
    }
  } finally {
    await Promise.all(logs.map((log) => log.return(undefined)));
  }
}

function earliest(
  heads: readonly IteratorResult<Prediction>[],
): { index: number; prediction: Prediction } | null {
  let found: { index: number; prediction: Prediction } | null = null;
  for (const [index, head] of heads.entries()) {
    if (head.done === true) continue;
    if (found === null || head.value.at < found.prediction.at) found = { index, prediction: head.value };
  }
  return found;
}

async function* ofPod(
  api: Pick<Api, "podLog">,
  { namespace, name, container }: PodRef,
  fromMs: number | undefined,
): AsyncGenerator<Prediction> {
  const since = fromMs === undefined || fromMs <= 0 ? {} : { sinceMs: fromMs };
  for await (const line of api.podLog({ namespace, name, container, ...since })) {
    // Most of what else is there is the server's own log, which is JSON too.
    if (!line.startsWith("{") || !line.includes('"request_id"')) continue;
    const prediction = parsePrediction(line);
    if (prediction !== null) yield prediction;
  }
}
