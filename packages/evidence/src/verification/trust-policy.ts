/** Makes a policy one that can be held against an image: the identities in it need to know whose certificates count. */
import { readFile } from "node:fs/promises";
import { EvidenceError } from "../error.ts";
import { parseTrustedRoot, type Trust, trustFromTuf } from "../signing.ts";
import { digestOf } from "./policy.ts";
import type { EvidencePolicy, PolicyDocument, SignerRule } from "./types.ts";

export interface RootChoice {
  /** Path of a TrustedRoot (JSON). */
  trustedRoot?: string | undefined;
  /** Of a TUF repository, as `trustFromTuf` takes it. */
  tufUrl?: string | undefined;
}

/**
 * Neither: public Sigstore's, by TUF. Nothing is fetched for a policy of keys alone.
 *
 * @throws EvidenceError `trusted-root`, `not-json`
 */
export async function trustPolicy(
  document: PolicyDocument,
  { trustedRoot: path, tufUrl }: RootChoice,
): Promise<EvidencePolicy> {
  const rules = [document.signature, ...document.require.map(({ trust }) => trust)];
  const keyless = rules.some(({ kind }) => kind === "identity");
  const root = keyless ? await rootOf(path, tufUrl) : null;
  const trust = (rule: SignerRule): Trust =>
    rule.kind === "key" ? rule : { ...rule, trustedRoot: root?.trustedRoot };
  return {
    ...document,
    // Another Sigstore is another policy. TUF's own content changes from day to day, so its address stands for it.
    digest: root === null ? document.digest : digestOf({ policy: document.digest, root: root.named }),
    signature: trust(document.signature),
    require: document.require.map((requirement) => ({ ...requirement, trust: trust(requirement.trust) })),
  };
}

async function rootOf(path: string | undefined, tufUrl: string | undefined) {
  if (path === undefined) {
    return { trustedRoot: (await trustFromTuf(tufUrl)).trustedRoot, named: tufUrl ?? "public" };
  }
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const message = `The trusted root ${path} cannot be read (${cause.code}).`;
    throw new EvidenceError("trusted-root", message, "Give a file that this step can read.", { cause });
  });
  const trustedRoot = parseTrustedRoot(text, path);
  return { trustedRoot, named: digestOf(trustedRoot as object) };
}
