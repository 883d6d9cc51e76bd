/** Where counts of a rollout on a cluster come from. */
import type { Api } from "@ml-actions/cluster/types";
import type { Observation } from "@ml-actions/gates/types";
import { podTelemetry } from "@ml-actions/telemetry/pods";
import type { TelemetrySource } from "@ml-actions/telemetry/source";
import { countedPod, type Platform, type PlatformState } from "./platform.ts";
import { invalid } from "./refusals.ts";

export interface TelemetryRequest {
  api: Api;
  platform: Platform;
  namespace: string;
  telemetry: "auto" | "pods" | "prometheus";
  prometheus?: string;
  token?: string;
  queries?: Readonly<Record<string, string>>;
  onTrouble: (message: string) => void;
  /** Hears once whose counts they are. */
  onNote: (message: string) => void;
}

/** Pods' own counters, unless a Prometheus is named or asked for. */
export async function clusterTelemetry(request: TelemetryRequest): Promise<TelemetrySource> {
  const { api, platform, telemetry, prometheus, onTrouble: note, onNote: say } = request;
  const source =
    telemetry === "prometheus" || (telemetry === "auto" && prometheus !== undefined)
      ? await fromPrometheus(request)
      : podTelemetry({ api, pods: () => countedPods(platform), note, say, now: () => api.now() });
  return ofReleases(source, platform, () => api.now());
}

async function countedPods(platform: Platform) {
  const { stable, candidate } = await platform.pods();
  return { stable: stable.map(countedPod), candidate: candidate.map(countedPod) };
}

async function fromPrometheus(request: TelemetryRequest): Promise<TelemetrySource> {
  const { api, platform, namespace, prometheus, token, queries, onTrouble: note, onNote: say } = request;
  if (prometheus === undefined) {
    throw invalid(
      "Counts shall come from Prometheus, and nothing says where it is.",
      "Give the input `prometheus`: its URL, or `service:<namespace>/<name>:<port>`.",
    );
  }
  const [{ prometheusTelemetry }, { httpPrometheus, servicePrometheus }, { parseQueries }] =
    await Promise.all([
      import("@ml-actions/telemetry/prometheus/source"),
      import("@ml-actions/telemetry/prometheus/reach"),
      import("@ml-actions/telemetry/prometheus/queries"),
    ]);
  const service = /^service:([^/]+)\/([^:]+):(.+)$/.exec(prometheus);
  const [, at = "", name = "", port = ""] = service ?? [];
  return prometheusTelemetry({
    prometheus:
      service === null
        ? httpPrometheus(prometheus, token === undefined ? {} : { token })
        : servicePrometheus(api, { namespace: at, service: name, port }),
    sides: async () => {
      const [pods, names] = await Promise.all([platform.pods(), platform.workloads()]);
      const side = (which: "stable" | "candidate") => ({
        namespace,
        ...names[which],
        pods: pods[which].map((pod) => pod.name),
      });
      return { stable: side("stable"), candidate: side("candidate") };
    },
    ...(queries !== undefined && { queries: parseQueries(queries) }),
    note,
    say,
    now: () => api.now(),
  });
}

/** Says `ambiguous` where the sides that run are not those that are asked about; a rollout that has ended is asked about
 * once more. */
function ofReleases(source: TelemetrySource, platform: Platform, now: () => number): TelemetrySource {
  const known = new Set<string>();
  return {
    async observe(stable, candidate) {
      const pair = `${stable} ${candidate}`;
      if (!known.has(pair)) {
        const state = await platform.read().catch((error: Error) => error);
        if (state instanceof Error) return problem(now(), "outage", state.message);
        const others = notThose(state, stable, candidate);
        if (others !== null) return problem(now(), "ambiguous", others);
        known.add(pair);
      }
      return source.observe(stable, candidate);
    },
  };
}

function notThose(
  { stable, candidate }: PlatformState,
  wantedStable: string,
  wantedCandidate: string,
): string | null {
  const [one, other] = [stable?.release.digest ?? "none", candidate?.release.digest ?? "none"];
  if (one === wantedStable && other === wantedCandidate) return null;
  return `asked for ${wantedStable} and ${wantedCandidate}; stable is ${one} and the candidate ${other}`;
}

function problem(at: number, kind: "outage" | "ambiguous", detail: string): Observation {
  return { at, ok: false, problem: kind, detail };
}
