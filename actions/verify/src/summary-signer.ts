/** Who signs the verification summary: a key, this workflow's identity, or nobody. */
import type { Log } from "@ml-actions/action-kit/action";
import { type EvidenceSigner, keySigner } from "@ml-actions/evidence/signing";

export interface SignerInputs {
  "signing-key"?: string | undefined;
  "signing-key-password"?: string | undefined;
}

/** @throws EvidenceError `private-key` */
export async function summarySigner(inputs: SignerInputs, log: Log): Promise<EvidenceSigner | null> {
  const { "signing-key": key, "signing-key-password": password } = inputs;
  if (key !== undefined) return keySigner(key, password);
  log.notice("The verification summary is not signed: give `signing-key`, or the job `id-token: write`.");
  return null;
}
