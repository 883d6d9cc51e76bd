/** What the pods of both sides tell of who answers, asked through the API server. */
import type { Api } from "@ml-actions/cluster/types";
import { type RequestCount, requestCounts } from "@ml-actions/telemetry/request-counts";
import { countedPod, type Platform } from "./platform.ts";
import type { Witness } from "./probe.ts";

export function podWitness(
  api: Pick<Api, "proxy">,
  pods: () => ReturnType<Platform["pods"]>,
  say: (message: string) => void,
): Witness {
  return {
    say,
    async look(probePath) {
      const found = await pods();
      const sides: Record<"stable" | "candidate", RequestCount[]> = { stable: [], candidate: [] };
      for (const side of ["stable", "candidate"] as const) {
        const counts = await requestCounts(api, found[side].map(countedPod), probePath);
        if (typeof counts === "string") return `${side}: ${counts}`;
        sides[side] = counts;
      }
      return sides;
    },
    async candidateNames(release, path) {
      const [pod] = (await pods()).candidate;
      if (pod === undefined) return true;
      const { namespace, name, port } = pod;
      try {
        const { headers } = await api.proxy({ kind: "pods", namespace, name, port, path });
        return headers["x-ml-release"] === release;
      } catch {
        return null;
      }
    },
  };
}
