/** A policy file → the policy. What is said at its top holds for the image's signature and for all evidence that says
 * nothing else. */
import { dirname } from "node:path";
import { type EvidenceName, evidenceNames } from "../predicates.ts";
import { shown } from "../read-json.ts";
import { nothingExpected, policyDocument, usualEvidence } from "./policy.ts";
import { type PolicyFile, policySchema } from "./policy-schema.ts";
import { readPolicyText } from "./policy-text.ts";
import { keyReader } from "./public-key.ts";
import { nobodyTrusted, signerRule } from "./signer-rule.ts";
import type { Expectations, PolicyDocument, SignerRule } from "./types.ts";

type SignerParts = Pick<PolicyFile, "key" | "identity" | "issuer">;
type Own = SignerParts & { "max-age"?: number | undefined; expected: Expectations };

/**
 * Reads a policy. The public keys that it names by path are read from the folder of the file.
 *
 * @param text YAML or JSON
 * @param place the file's path
 * @throws EvidenceError `policy` with every problem, its line and column
 */
export function readPolicy(text: string, place: string): PolicyDocument {
  const file = readPolicyText(text, place, policySchema(keyReader(dirname(place))));
  const unsigned: string[] = [];
  const signerOf = (own: SignerParts, name: string): SignerRule | null => {
    // A signer of its own replaces the general one as a whole: half of each would be nobody's intention.
    const parts =
      own.key !== undefined || own.identity !== undefined
        ? own
        : { key: file.key, identity: file.identity, issuer: own.issuer ?? file.issuer };
    if (parts.key !== undefined || parts.identity !== undefined) {
      return signerRule(parts, `${shown(place)}: ${name}`);
    }
    unsigned.push(name);
    return null;
  };
  const signature = signerOf(file.signature ?? {}, "signature");
  const require = requirementsOf(file.require).flatMap(([evidence, own]) => {
    const trust = signerOf(own, evidence);
    const maxAgeMs = own["max-age"] ?? file["max-age"] ?? null;
    return trust === null ? [] : [{ evidence, trust, maxAgeMs, expected: own.expected }];
  });
  if (signature === null || unsigned.length > 0) {
    throw nobodyTrusted(`${shown(place)} (${unsigned.join(", ")})`);
  }
  return policyDocument(place, signature, require);
}

function requirementsOf(given: PolicyFile["require"]): [EvidenceName, Own][] {
  if (given === undefined || Array.isArray(given)) {
    return (given ?? usualEvidence).map((name) => [name, { expected: nothingExpected }]);
  }
  const map: Readonly<Record<string, Own | undefined>> = given;
  return evidenceNames.flatMap((name): [EvidenceName, Own][] => {
    const own = map[name];
    return own === undefined ? [] : [[name, own]];
  });
}
