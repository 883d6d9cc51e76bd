/** Where a shadow's answers come from, and what became of them. */
import type { Observation } from "@ml-actions/gates/types";
import type { Release } from "@ml-actions/rollout/target";
import type { ContractResult } from "./contract-test.ts";
import type { Join, JoinTally } from "./join.ts";

/** What both sides were asked and answered so far. */
export interface ShadowRun {
  stable: Release;
  /** Requests copied or replayed. */
  sent: number;
  counts: Observation;
  join: Join;
  tally: JoinTally;
  /** Of a replay. */
  contract: ContractResult | null;
  notes: string[];
}
