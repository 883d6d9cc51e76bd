/** Whether a candidate carries the evidence that it needs: the one place that says no before anything was touched. */
import { type ActionContext, NegativeVerdict } from "@ml-actions/action-kit/action";
import type { Release } from "@ml-actions/rollout/target";
import type { VerifiedReference } from "../../verify-image.ts";
import type { DeployOutputs } from "./definition.ts";

/** What a release keeps of its verification.
 *
 * @throws NegativeVerdict when something was not proven */
export async function proven(
  { verification, summary }: VerifiedReference,
  { output, signal }: Pick<ActionContext<DeployOutputs>, "output" | "signal">,
): Promise<NonNullable<Release["verified"]>> {
  output("verification", summary.path);
  if (verification.verdict === "fail") {
    output("verdict", "fail");
    output("stage", "refused");
    const { verificationSentence } = await import("../../verification-table.ts");
    throw new NegativeVerdict(`${verificationSentence(verification)} Nothing was touched.`);
  }
  signal.throwIfAborted();
  return { at: verification.verifiedAt, summary: summary.digest };
}
