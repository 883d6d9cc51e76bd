/** What an image must carry before it may serve, and what came of looking. */
import type { EvidenceName } from "../predicates.ts";
import type { Trust } from "../signing/types.ts";

/** Read from the inputs of `verify` and `deploy`, or from a policy file. */
export interface EvidencePolicy {
  /** Where the policy came from, for messages and the VSA: `inputs`, or a path. */
  name: string;
  /** `sha256:<hex>` of its canonical JSON, so that a summary names exactly what was asked for. */
  digest: string;
  /** The image's own signature. */
  signature: Trust;
  /** In the order of the table. */
  require: readonly Requirement[];
}

export interface Requirement {
  evidence: EvidenceName;
  trust: Trust;
  /** Older evidence is no evidence: age of the statement by the signed time, else by its own `finishedAt`. */
  maxAgeMs: number | null;
  /** Digests of the gate configurations that count (`configuration[]` of a test result); null: any. */
  configurations: readonly string[] | null;
}

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
  /** Digests of the bundle it rests on; null without one. */
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
