/** What an image must carry before it may serve, and what came of looking. */
import type { DecisionRule } from "@ml-actions/gates/types";
import type { EvidenceName } from "../predicates.ts";
import type { Trust } from "../signing/types.ts";
import type { Severity } from "../vulnerabilities-policy.ts";

/** Who may sign, as a policy says it: it becomes `Trust` once the trusted root is at hand. */
export type SignerRule =
  | Extract<Trust, { kind: "key" }>
  | Omit<Extract<Trust, { kind: "identity" }>, "trustedRoot">;

/** What a piece of evidence must say, beyond being signed, about this image and not too old. */
export interface Expectations {
  /** Digests of the gate configurations that count (`configuration[]` of a test result); null: any. */
  configurations: readonly string[] | null;
  /** Normalised texts of gates that must be among those that passed. */
  gates: readonly string[];
  /** The weakest decision rule that counts, from weak to strong: `refute`, `estimate`, `prove`; null: any. */
  rule: DecisionRule | null;
  /** null: any. */
  minConfidence: number | null;
  /** Findings of these severities block, beside those by which the scan itself was judged. */
  severity: readonly Severity[];
  /** How old the scanner's database may have been when it scanned; null: as the scan judged it. */
  maxDatabaseAgeMs: number | null;
  /** Who built, `runDetails.builder.id` of the provenance: exact or with `*`; null: any. */
  builder: string | null;
}

interface RequirementOf<Signer> {
  evidence: EvidenceName;
  trust: Signer;
  /** Older evidence is no evidence: by the time it was judged or signed, whichever is longer ago; null: any age. */
  maxAgeMs: number | null;
  expected: Expectations;
}

/** A policy as written, before any trusted root was fetched: pure data, for verification and for admission. */
export interface PolicyDocument {
  /** Where the policy came from, for messages and the VSA: `inputs`, or a path. */
  name: string;
  /** `sha256:<hex>` of its canonical JSON, so that a summary names exactly what was asked for. */
  digest: string;
  /** The image's own signature. */
  signature: SignerRule;
  /** In the order of the table. */
  require: readonly RequirementOf<SignerRule>[];
}

/** A policy that can be held against an image. */
export interface EvidencePolicy extends Omit<PolicyDocument, "signature" | "require"> {
  signature: Trust;
  require: readonly Requirement[];
}

export type Requirement = RequirementOf<Trust>;
export type RequirementRule = RequirementOf<SignerRule>;

/** One line of the table. */
export interface EvidenceCheck {
  /** `signature` is the image's own. */
  evidence: EvidenceName | "signature";
  verdict: "pass" | "fail";
  /** Why not, naming what was found and what was expected; what was found, when it passes. */
  reason: string;
  /** What to do about it; null when it passes. */
  remedy: string | null;
  signer: string | null;
  /** Milliseconds; null when nothing tells. */
  ageMs: number | null;
  /** Digest of the bundle it rests on; null without one. */
  bundle: string | null;
}

export interface Verification {
  /** The image by digest: `ghcr.io/org/flights@sha256:…` or `oci:build/image@sha256:…`. */
  image: string;
  digest: string;
  policy: { name: string; digest: string };
  verdict: "pass" | "fail";
  checks: readonly EvidenceCheck[];
  /** Milliseconds since 1970. */
  verifiedAt: number;
}
