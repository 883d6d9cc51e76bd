/** What reports say of a cluster, and of many resources there: plain data, as in `inputs.ts`. */
import type { VerdictName } from "@ml-actions/gates/types";
import type { NamedRelease, RunFacts } from "./inputs.ts";

/** Where in which cluster, and who watches there. */
export interface ClusterFacts {
  namespace: string;
  /** As a kubeconfig's context is named, or `in-cluster`. */
  name: string;
  /** `lives`, `off`, `none: no right to create jobs`. */
  guard: string;
}

/** One of the resources that a selector selected. */
export interface WaveResource {
  /** `httproute/flights`. */
  resource: string;
  /** From 1. */
  wave: number;
  /** `failed`: it ended with an error; `not-begun`: another failed before, or the run was cancelled. */
  stage: "promoted" | "restored" | "held" | "failed" | "not-begun";
  /** null: it was not begun, or ended with an error. */
  verdict: VerdictName | null;
  reason: string;
  /** null: not begun. */
  tookMs: number | null;
  settledMs: number | null;
  guard: string;
}

export interface WavesReportInput {
  target: string;
  cluster: Omit<ClusterFacts, "guard">;
  /** As asked for: `httproute -l team=search`. */
  asked: string;
  candidate: NamedRelease;
  maxParallel: number;
  /** In the order of the waves. */
  resources: readonly WaveResource[];
  run: RunFacts;
}
