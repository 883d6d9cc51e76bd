/**
 * What a rollout remembers on the Knative Service itself while it lasts: which Revision is stable, which is the candidate,
 * and what of the user's own words it has replaced. It is written together with what it tells about, so that whoever
 * takes up after an interruption reads the truth. Pure.
 */
import { z } from "zod";
import { conflict } from "../kubernetes/refusals.ts";
import type { KnativeService } from "./service.ts";

/** On the Service. */
export const memoAnnotation = "ml-actions.github.io/knative";

const memoSchema = z.strictObject({
  /** Revision that has the user's traffic. */
  stable: z.string(),
  /** It never was ready: nothing was ever served here, and requests to it find nobody. */
  empty: z.boolean(),
  /** Revision. null: not made yet. Equal to `stable` once it was adopted. */
  candidate: z.string().nullable(),
  /** Pods that carried all traffic before the candidate came. */
  replicas: z.number().int().min(1),
  /** The traffic block as the user had it; null: none. */
  traffic: z.array(z.record(z.string(), z.unknown())).nullable(),
  /** Of the template, before the candidate's. */
  template: z.strictObject({
    name: z.string().nullable(),
    image: z.string(),
    /** The annotation that names its release. */
    release: z.string().nullable(),
    /** Of the serving container; null: it had none. */
    env: z.array(z.record(z.string(), z.unknown())).nullable(),
  }),
});
export type Memo = z.infer<typeof memoSchema>;

/** null: no rollout is on its way.
 * @throws RolloutError `conflict` when somebody has made something else of it */
export function memoOf({ annotations, ref }: Pick<KnativeService, "annotations" | "ref">): Memo | null {
  const text = annotations[memoAnnotation];
  if (text === undefined) return null;
  try {
    return memoSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw conflict(
      `The annotation ${memoAnnotation} of Knative Service ${ref.name} does not say what a rollout left there: ${JSON.stringify(text.slice(0, 100))} (${(cause as Error).name}).`,
      "Give stable's Revision all traffic in spec.traffic by hand, and remove that annotation.",
    );
  }
}
