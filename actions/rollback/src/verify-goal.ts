/** Before anything is touched: is the release that is gone back to still the one that somebody signed for? */
import { type ActionContext, NegativeVerdict } from "@ml-actions/action-kit/action";
import { chooseGoal } from "@ml-actions/rollout/rollback";
import type { OpenPlace } from "../../place.ts";
import { givenOf } from "../../trust-inputs.ts";
import type { RollbackInputs } from "./definition.ts";

type Context = Pick<ActionContext<Record<string, string>>, "log" | "summary" | "directory" | "holder">;

/**
 * Asked only where the inputs say who signs, and only of an image that does not serve already: a release that was in
 * production needs no new evidence to come back.
 *
 * @throws NegativeVerdict when the evidence is not there any more, or is refused; RolloutError `no-previous`
 */
export async function verifyGoal(
  { target, ledger }: Pick<OpenPlace, "target" | "ledger">,
  inputs: RollbackInputs,
  context: Context,
): Promise<void> {
  if (givenOf(inputs).length === 0) return;
  const { older } = chooseGoal(inputs.to, await target.read(), await ledger.history());
  if (older === null) return;
  if (older.image === undefined) {
    context.log.notice(
      `${older.label} was deployed from a file, which carries no evidence: nothing was verified.`,
    );
    return;
  }
  const { verifyReference } = await import("../../verify-image.ts");
  const { verificationSentence } = await import("../../verification-table.ts");
  const { verification } = await verifyReference(older.image, inputs, context);
  if (verification.verdict === "fail")
    throw new NegativeVerdict(`${verificationSentence(verification)} Nothing was touched.`);
}
