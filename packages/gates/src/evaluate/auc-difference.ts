import { auc } from "../estimators/auc.ts";
import type { Task } from "../types.ts";
import type { Rows } from "./rows.ts";

/** The candidate's AUC minus the baseline's on the same rows. */
export interface AucDifference {
  value: number;
  /** DeLong's; the difference is normal around the truth. null where the rows do not tell. */
  se: number | null;
}

/** null where there is no such difference: another task, no scores of a baseline, or rows without an AUC. */
export function aucDifference(task: Task, { candidate, baseline }: Rows): AucDifference | null {
  const [ours, theirs] = [candidate.side, baseline?.side ?? null];
  if (task !== "binary" || ours === null || theirs === null || auc.undefinedFor(ours) !== undefined) {
    return null;
  }
  const se = ours.aucSe(theirs, 1);
  return { value: ours.auc - theirs.auc, se: Number.isFinite(se) ? se : null };
}
