/** What both sides make of requests that a cluster's router copies to the candidate. */
import type { Api } from "@ml-actions/cluster/types";
import type { TelemetrySource } from "@ml-actions/telemetry/source";
import type { MirroredTraffic } from "../targets/open-target.ts";
import type { Platform } from "./platform.ts";
import { PodAnswers } from "./pod-answers.ts";

/** A route that was accepted reaches every router within a second or two. */
const settleMs = 3_000;
/** Each look is a request for every pod's log and metrics. */
const lookEveryMs = 2_000;

export interface MirroredRequest {
  api: Pick<Api, "podLog" | "now">;
  platform: Platform;
  telemetry: TelemetrySource;
  /** Of this target in general: see `Platform.mirrors`. */
  mirrors: boolean;
}

export function mirroredTraffic({ api, platform, telemetry, mirrors }: MirroredRequest): MirroredTraffic {
  return {
    async check() {
      // What cannot copy says so itself, in its own words, and does nothing.
      if (!mirrors || platform.mirrors === false) await platform.mirror(100);
    },
    telemetry,
    answers: (side, _, fromMs) =>
      new PodAnswers({ api, pods: async () => (await platform.pods())[side], fromMs }),
    now: () => api.now(),
    settleMs,
    lookEveryMs,
  };
}
