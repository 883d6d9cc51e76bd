/** The metrics of an image's evidence of evaluation, after image and evidence were verified. */
import { UserError } from "@ml-actions/action-kit/action";
import { readSigned } from "@ml-actions/evidence/signing";
import { figuresField, readStatement } from "@ml-actions/evidence/statement";
import { policyFromInputs } from "@ml-actions/evidence/verification/policy-inputs";
import { trustPolicy } from "@ml-actions/evidence/verification/trust-policy";
import { verifyImage } from "@ml-actions/evidence/verification/verify-image";
import type { OpenedImage } from "../../image-release.ts";
import type { EvalGateInputs } from "./definition.ts";
import type { SignedFigures } from "./signed-figures.ts";

/**
 * Asks of a baseline what `verify` asks of a release: the image is signed, and so is an evaluation of this very digest
 * that passed, both by who is named in the inputs. How old it is does not matter: it is what was deployed.
 *
 * @throws UserError when any of that does not hold; OciError, EvidenceError when it cannot be found out
 */
export async function readSignedFigures(
  { source, digest, reference }: OpenedImage,
  inputs: EvalGateInputs,
): Promise<SignedFigures> {
  const { key, identity, issuer, "trusted-root": trustedRoot, "tuf-url": tufUrl } = inputs;
  const document = await policyFromInputs({ require: ["eval"], key, identity, issuer });
  const policy = await trustPolicy(document, { trustedRoot, tufUrl });
  const { checks } = await verifyImage({ source, digest, policy, now: Date.now() });
  const refused = checks.filter(({ verdict }) => verdict === "fail");
  if (refused.length > 0) {
    const problems = refused.map(({ evidence, reason }) => `${evidence}: ${reason}`);
    throw new UserError(
      `The evidence of ${reference} is not what a baseline can rest on:\n  - ${problems.join("\n  - ")}`,
      {
        remedy: [...new Set(refused.map(({ remedy }) => remedy ?? ""))].join("\n"),
      },
    );
  }
  const bundle = checks.find(({ evidence }) => evidence === "eval")?.bundle;
  const attached = await readSigned(source, digest, policy.signature);
  const signed = attached.find((one) => one.signed?.digest === bundle)?.signed;
  if (signed === undefined || signed === null)
    throw new Error(`the verified bundle ${bundle} is not attached`);
  const { subject, predicate } = readStatement(
    JSON.stringify(signed.statement),
    `the evidence of ${reference}`,
  );
  const { metrics, dataset } = predicate[figuresField];
  return {
    // The image's own name comes first; behind it stands what was judged.
    label: subject.at(-1)?.name ?? reference,
    image: reference,
    digest,
    signer: signed.signer,
    metrics: metrics.candidate,
    dataset: dataset === undefined ? null : { name: dataset.name, digest: dataset.digest },
    configurations: predicate.configuration.map((one) => `sha256:${one.digest.sha256}`),
  };
}
