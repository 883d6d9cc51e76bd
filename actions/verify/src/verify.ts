/** verify, top to bottom: hold the image against the policy, write the summary of it, say yes or no. */
import { NegativeVerdict, type Story } from "@ml-actions/action-kit/action";
import { verificationSentence } from "../../verification-table.ts";
import { verifyReference } from "../../verify-image.ts";
import type { definition } from "./definition.ts";
import { summarySigner } from "./summary-signer.ts";

type Definition = typeof definition;

export const verify: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const signer = await summarySigner(inputs, context.log);
  const { verification, summary } = await verifyReference(inputs.image, inputs, context, signer);
  context.output("verdict", verification.verdict);
  context.output("passed", String(verification.verdict === "pass"));
  context.output("evidence", summary.path);
  context.output("bundle", summary.bundle ?? "");
  const sentence = verificationSentence(verification);
  if (verification.verdict !== "pass") throw new NegativeVerdict(sentence);
  context.log.info(sentence);
};
