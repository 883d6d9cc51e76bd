/** The policy as pure data: what an image must carry, and whose word counts for it. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../configuration.ts";
import { type EvidenceName, evidenceNames } from "../predicates.ts";
import type { Expectations, PolicyDocument, RequirementRule, SignerRule } from "./types.ts";

/** What an image must carry where nothing else is asked for. */
export const usualEvidence: readonly EvidenceName[] = ["build", "eval", "scan"];

export const nothingExpected: Expectations = {
  configurations: null,
  gates: [],
  rule: null,
  minConfidence: null,
  severity: [],
  maxDatabaseAgeMs: null,
  builder: null,
};

/** Puts the requirements into the order of the table and names the whole by its digest. */
export function policyDocument(
  name: string,
  signature: SignerRule,
  requirements: readonly RequirementRule[],
): PolicyDocument {
  const require = requirements.toSorted(
    (left, right) => evidenceNames.indexOf(left.evidence) - evidenceNames.indexOf(right.evidence),
  );
  return { name, digest: digestOf({ signature, require }), signature, require };
}

/** `sha256:…` over canonical JSON. */
export function digestOf(value: object): string {
  return `sha256:${createHash("sha256").update(canonicalJson(value)).digest("hex")}`;
}
