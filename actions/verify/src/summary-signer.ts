/** Who signs the verification summary: a key, this workflow's identity, or nobody. */
import type { Log } from "@ml-actions/action-kit/action";
import type { EvidenceSigner } from "@ml-actions/evidence/signing";
import { policyFromInputs } from "@ml-actions/evidence/verification";
import { signerOf } from "../../signer.ts";
import type { TrustInputs } from "../../trust-inputs.ts";

export type SummarySignerInputs = TrustInputs & {
  "signing-key"?: string | undefined;
  "signing-key-password"?: string | undefined;
  "signing-config"?: string | undefined;
};

/**
 * Without a key it signs as this workflow only where the policy trusts workflows as well: whoever trusts keys alone may
 * have no Sigstore to reach, and none that should hear of this image.
 *
 * @returns null when nothing is at hand, which is told
 * @throws EvidenceError `policy`, `private-key`, `token`, `trusted-root`, `signing`
 */
export async function summarySigner(inputs: SummarySignerInputs, log: Log): Promise<EvidenceSigner | null> {
  const { "signing-key": key, "signing-key-password": password } = inputs;
  if (key !== undefined) return signerOf({ key, "key-password": password }, log);
  const why = await whyNotKeyless(inputs);
  if (why === null) {
    const { "trusted-root": root, "signing-config": config, "tuf-url": tufUrl } = inputs;
    return signerOf({ "trusted-root": root, "signing-config": config, "tuf-url": tufUrl }, log);
  }
  log.info(`The verification summary is not signed: ${why}.`);
  return null;
}

async function whyNotKeyless(inputs: SummarySignerInputs): Promise<string | null> {
  const { signature, require } = await policyFromInputs(inputs);
  if ([signature, ...require.map(({ trust }) => trust)].every(({ kind }) => kind === "key")) {
    return "the policy trusts keys alone, and no `signing-key` is given";
  }
  if (!process.env.ACTIONS_ID_TOKEN_REQUEST_URL) {
    return "the job has no `id-token: write`, and no `signing-key` is given";
  }
  return inputs["trusted-root"] !== undefined && inputs["signing-config"] === undefined
    ? "`trusted-root` says whom to believe, not where to sign: give `signing-config` as well"
    : null;
}
