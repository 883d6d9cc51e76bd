/** The runner's word for who this workflow is: an OIDC token for Sigstore. */
import * as core from "@actions/core";
import { EvidenceError } from "@ml-actions/evidence/error";

const audience = "sigstore";

/**
 * Masked in the log by @actions/core.
 *
 * @throws EvidenceError `token`
 */
export async function runnerToken(): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = process.env;
  if (!url || !bearer) {
    throw new EvidenceError(
      "token",
      "This job may not ask for an identity token, and no `key` is given: nobody is there to sign.",
      "Give the job the permission `id-token: write`:\n" +
        "  permissions:\n    contents: read\n    packages: write\n    id-token: write\n" +
        "A reusable workflow needs it from its caller, too; runs of forks never get it. Or give a `key`.",
    );
  }
  try {
    return await core.getIDToken(audience);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.trim().split("\n").at(-1) : "no reason given";
    throw new EvidenceError(
      "token",
      `The runner gave no identity token: ${why}`,
      "Run the job again. If it fails again, check that the organisation allows OIDC tokens.",
      { cause },
    );
  }
}

/**
 * What public Sigstore's log would tell of a repository that is not public; null for one that is.
 *
 * @param token as `runnerToken` gives it, its claims unverified: GitHub put them there for Fulcio
 */
export function publicLogWarning(token: string): string | null {
  const { repository, repository_visibility: visibility } = claimsOf(token);
  if (typeof visibility !== "string" || visibility === "public") return null;
  return (
    `This repository is ${visibility === "internal" ? "internal" : "private"}, and the log of public Sigstore shows ` +
    `${typeof repository === "string" ? repository : "its name"}, the workflow and the commit to everyone, for ever. ` +
    "Sign with a `key`, or at a Sigstore of your own, to keep them to yourself."
  );
}

function claimsOf(token: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? { ...claims } : {};
  } catch {
    // Who signs with it says what is wrong with it.
    return {};
  }
}
