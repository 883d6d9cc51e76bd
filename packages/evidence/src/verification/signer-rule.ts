/** Who may sign, as people write it: a public key, or the identity of a workflow. What would let strangers in is refused
 * here, before anything is verified with it. */
import { EvidenceError } from "../error.ts";
import { shown } from "../read-json.ts";
import type { SignerRule } from "./types.ts";

/** What signs the OIDC tokens of GitHub's workflows. */
export const githubIssuer = "https://token.actions.githubusercontent.com";

const longestIdentity = 2000;

/**
 * The rule that the given parts make.
 *
 * @param place how to name it: "the inputs", `trust.yaml: eval`
 * @throws EvidenceError `policy` for none, or for a key beside an identity
 */
export function signerRule(
  given: { key?: string | undefined; identity?: string | undefined; issuer?: string | undefined },
  place: string,
): SignerRule {
  const { key, identity, issuer } = given;
  if (key !== undefined && identity !== undefined) {
    throw new EvidenceError(
      "policy",
      `${place}: both a key and an identity are given; evidence is signed by one or the other.`,
      "Remove one of them.",
    );
  }
  if (key !== undefined) return { kind: "key", publicKey: key };
  if (identity !== undefined) return { kind: "identity", identity, issuer: issuer ?? githubIssuer };
  throw nobodyTrusted(place);
}

export function nobodyTrusted(place: string): EvidenceError {
  return new EvidenceError(
    "policy",
    `${place}: neither a key nor an identity is given, so nobody's evidence could be believed.`,
    [
      "Write one of these two lines:",
      "  identity: https://github.com/OWNER/REPO/.github/workflows/WORKFLOW.yml@refs/heads/main   # signed in a workflow, without a key",
      "  key: cosign.pub   # signed with a key: its public half, a path or the PEM text",
    ].join("\n"),
  );
}

/**
 * A certificate's identity, exact or with `*`, that names somebody: `*`, `https://github.com/*` and `*@*` would trust
 * whoever can get a certificate at all.
 *
 * @throws EvidenceError `policy`
 */
export function identityOf(text: string): string {
  const refuse = (found: string) =>
    new EvidenceError(
      "policy",
      `expected the identity of who signs, found ${found}`,
      "Write https://github.com/OWNER/REPO/.github/workflows/WORKFLOW.yml@refs/heads/main; `*` stands for any run of characters after OWNER/.",
    );
  const identity = text.trim();
  if (identity === "") throw refuse("nothing");
  if (identity.length > longestIdentity) throw refuse(`${identity.length} characters`);
  if (/[\s\p{C}]/u.test(identity)) throw refuse(`white space or control characters in ${quoted(identity)}`);
  const open = identity.indexOf("*");
  if (open === -1) return identity;
  const fixed = identity.slice(0, open);
  const names = identity.includes("://")
    ? /^[a-z][a-z0-9+.-]*:\/\/[^/]+\/[^/]+\//i.test(fixed)
    : /@[^*@]+\.[^*@]+$/.test(identity);
  if (!names) throw refuse(`${quoted(identity)}, which names no owner before its first \`*\``);
  return identity;
}

/** @throws EvidenceError `policy` for what is no URL of an issuer, exact: a pattern could let another in */
export function issuerOf(text: string): string {
  const issuer = text.trim();
  const url = URL.parse(issuer);
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (plain && issuer.length <= longestIdentity && !/[\s*]/.test(issuer)) return issuer;
  throw new EvidenceError(
    "policy",
    `expected the URL of an OIDC issuer, exact, found ${quoted(issuer)}`,
    `Write ${githubIssuer}, or the issuer of your own Fulcio.`,
  );
}

const quoted = (text: string) => shown(JSON.stringify(text), 200);
