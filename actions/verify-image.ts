/** What `verify` does, and `deploy` before it touches anything: an image by digest, held against a policy. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import type { EvidenceSigner } from "@ml-actions/evidence/signing";
import {
  formatSummary,
  policyFromInputs,
  summaryStatement,
  trustPolicy,
  type Verification,
  verifyImage,
} from "@ml-actions/evidence/verification";
import type { Source } from "@ml-actions/oci";
import { digestOfBytes } from "@ml-actions/oci/digest";
import { openStore } from "@ml-actions/oci/open-store";
import { credentialsOf, type RegistryInputs } from "./registry-inputs.ts";
import { tool } from "./tool.ts";
import type { TrustInputs } from "./trust-inputs.ts";
import { logVerification, verificationSummary } from "./verification-table.ts";

export type VerifyInputs = TrustInputs & RegistryInputs;

export interface VerifiedReference {
  /** Its verdict may be `fail`: the caller must look. */
  verification: Verification;
  /** The verification summary (VSA): the statement's path and its bytes' digest; the path of the signed bundle, null
   * without a signer. */
  summary: { path: string; digest: string; bundle: string | null };
}

type Context = Pick<ActionContext<Record<string, string>>, "log" | "summary" | "directory" | "holder">;

/**
 * Prints the table into log and job summary, and writes the verification summary.
 *
 * @param reference `registry/repository@sha256:…` or `oci:DIR@sha256:…`
 * @param signer signs the summary; null: it is written unsigned
 * @throws UserError for a reference without a digest, and for an image that is not there
 * @throws OciError, EvidenceError for what makes verifying impossible; evidence that is missing or refused is in the
 *   result
 */
export async function verifyReference(
  reference: string,
  inputs: VerifyInputs,
  context: Context,
  signer: EvidenceSigner | null = null,
): Promise<VerifiedReference> {
  const { source, digest } = await openByDigest(reference, inputs);
  return held({ source, digest, of: "image" }, inputs, context, signer);
}

/**
 * The same of a model that no image holds, by the digest of its file.
 *
 * @param repository where its evidence lies: `registry/repository` or `oci:DIR`
 */
export async function verifyModel(
  { repository, digest }: { repository: string; digest: string },
  inputs: VerifyInputs,
  context: Context,
): Promise<VerifiedReference> {
  const { store } = await openStore(repository, credentialsOf(inputs));
  return held({ source: store, digest, of: "model" }, inputs, context, null);
}

async function held(
  subject: { source: Source; digest: string; of: "image" | "model" },
  inputs: VerifyInputs,
  context: Context,
  signer: EvidenceSigner | null,
): Promise<VerifiedReference> {
  const document = await policyFromInputs(inputs);
  const policy = await trustPolicy(document, {
    trustedRoot: inputs["trusted-root"],
    tufUrl: inputs["tuf-url"],
  });
  const verification = await verifyImage({ ...subject, policy, now: Date.now() });
  logVerification(context.log, verification);
  const summary = await writeSummary(verification, context, signer);
  await context.summary(verificationSummary(verification, signer?.description ?? null));
  return { verification, summary };
}

async function openByDigest(reference: string, inputs: RegistryInputs) {
  const { store, tag, digest } = await openStore(reference, credentialsOf(inputs));
  if (digest !== undefined) {
    if ((await store.resolve(digest)) !== null) return { source: store, digest };
    throw new UserError(`There is no ${digest} in ${store.name}.`, {
      remedy: "Check the repository's name and the digest; `build` gives both (output `image`).",
    });
  }
  const found = tag === undefined ? null : await store.resolve(tag).catch(() => null);
  throw new UserError(
    `${reference} names ${tag === undefined ? "no image" : "an image by a tag, which anyone may move"}; an image is verified by digest.`,
    {
      remedy:
        found === null
          ? `Write ${store.name}@sha256:…, as \`build\` gives it (output \`image\`).`
          : `Write ${store.name}@${found.digest}, if that is the image you mean: the tag names it now.`,
    },
  );
}

async function writeSummary(
  verification: Verification,
  { directory, holder }: Context,
  signer: EvidenceSigner | null,
): Promise<VerifiedReference["summary"]> {
  const [name = tool, version = ""] = tool.split(" ");
  const statement = summaryStatement(verification, {
    verifier: `https://ml-actions.github.io/verify`,
    version: { [name]: version },
    policyUri: policyUri(verification.policy.name, holder),
  });
  const bytes = Buffer.from(formatSummary(statement));
  const path = join(directory, "verification-summary.json");
  await writeFile(path, bytes);
  if (signer === null) return { path, digest: digestOfBytes(bytes), bundle: null };
  const bundle = join(directory, "verification-summary.sigstore.json");
  await writeFile(bundle, await signer.sign(bytes));
  return { path, digest: digestOfBytes(bytes), bundle };
}

/** The file at the commit that this run checked out, or the run whose inputs were the policy. */
function policyUri(name: string, holder: string): string {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_SHA } = process.env;
  if (name === "inputs") return holder.startsWith("https://") ? holder : "urn:ml-actions:inputs";
  const inCheckout = GITHUB_SERVER_URL && GITHUB_REPOSITORY && GITHUB_SHA && !name.startsWith("/");
  return inCheckout
    ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/blob/${GITHUB_SHA}/${encodeURI(name)}`
    : `file:${encodeURI(name)}`;
}
