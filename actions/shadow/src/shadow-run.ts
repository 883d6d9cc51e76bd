/** Where a shadow's answers come from. */
import type { Observation } from "@ml-actions/gates/types";
import type { Release } from "@ml-actions/rollout/target";
import type { Pairs } from "./pairs.ts";

/** What both sides answered, and what was asked of them. */
export interface ShadowRun extends Pairs {
  stable: Release;
  /** Requests copied or replayed. */
  sent: number;
  counts: Observation;
  startedAt: number;
}
